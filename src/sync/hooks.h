/* SPDX-License-Identifier: Apache-2.0 */
/* hooks - the inside of sync/hooks: inbox.c answers requests, deliver.c sends.        Threads: as each says. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "seamfs/connect/hook.h"
#include "seamfs/net/http.h"
#include "seamfs/net/listen.h"
#include "seamfs/net/secret.h"
#include "seamfs/sync/hooks.h"

/* A tool as the listener knows it. */
struct inbox_tool {
	struct hook *hook;
	char *path; /* of its address */
};

struct inbox {
	const struct stack *stack;
	struct tree *tree;
	const char *state;
	char *path; /* of what middleware sends */
	struct inbox_tool tools[STACK_MAX_TOOLS];
	struct listen *listen;
};

int inbox_start(struct inbox *in, struct err *e);
void inbox_stop(struct inbox *in);

/* One of "subscriptions". */
struct deliverer {
	const struct stack *stack;
	const struct stack_subscription *subscription;
	struct store *store;
	atomic_bool *stop;
	char *prefix; /* of the ids of messages: no other mount has it */
	struct secret secret;
	struct http *http;
	int64_t id; /* its row */
	int bell;
	int failures;
	int64_t wait_ms; /* not before this (steady clock) */
	pthread_t thread;
	_Bool started;
};

int deliverer_start(struct deliverer *d, struct err *e);
void deliverer_stop(struct deliverer *d);

struct hooks {
	atomic_bool stop;
	struct store *store;
	char *state;
	struct inbox inbox;
	struct deliverer deliverers[STACK_MAX_SUBSCRIPTIONS];
	int count;
};
