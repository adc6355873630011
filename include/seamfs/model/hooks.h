/* SPDX-License-Identifier: Apache-2.0 */
/* hooks - what stack.json says about HTTP in both directions: "listen" and "subscriptions".        Threads: as stack.h. */
#pragma once

#include <cjson/cJSON.h>
#include <stdint.h>

#include "seamfs/model/type.h"

#define STACK_MAX_SUBSCRIPTIONS 16

enum stack_event {
	STACK_CREATED = 1,
	STACK_CHANGED = 2,
	STACK_REMOVED = 4,
	STACK_RESTORED = 8,
	STACK_ANY_EVENT = 15,
};

/* Who else hears of changes. */
struct stack_subscription {
	char *name;
	char *url;
	const cJSON *secret;	     /* a reference to the key that signs; never NULL */
	const cJSON *headers;	     /* name -> reference to a secret, or a text; NULL: none */
	int64_t keep_ms;	     /* what it does not take for so long is given up */
	unsigned events[TYPE_COUNT]; /* enum stack_event */
	uint64_t fields[TYPE_COUNT]; /* fields whose change is of interest though not every change is */
};

struct stack_hooks {
	char *address; /* to listen on; NULL: nothing is listened to */
	char *url;     /* how the world outside reaches it, without '/' at the end; NULL: it does not */
	struct stack_subscription subscriptions[STACK_MAX_SUBSCRIPTIONS];
	int count;
};

/* stack_event_of - "created" …; 0 for another word */
unsigned stack_event_of(const char *word);
