/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hook - what a tool's webhook says, by the words of its manifest: whether the tool really sent it, what it wants to hear in return,
 * and of which records it speaks. Nothing of what it says about a record is taken over: that is read from the tool.
 *
 * Threads: any at the same time, after hook_open().
 */
#pragma once

#include "seamfs/base/buf.h"
#include "seamfs/connect/registry.h"

struct hook;

struct hook_request {
	const char *method;
	const char *url;    /* the address as the tool knows it, with its query */
	const char *target; /* path and query as they came */
	const char *body;   /* raw */
	size_t len;
	int64_t now_ms;
	const char *kept; /* the secret of an earlier handshake, or NULL */
	const char *(*header)(void *context, const char *name);
	void *context;
};

struct hook_event {
	uint32_t types; /* bit per type that it may be of */
	char *remote;	/* the tool's id */
};

struct hook_result {
	struct buf body; /* what to answer with status 200 */
	char *header;	 /* and a header with its value, or NULL */
	char *value;
	char *keep;	 /* a secret that the tool will sign with from now on: to be kept; or NULL */
	char *id;	 /* of the message: the same when it is sent again; or NULL */
	_Bool handshake; /* nothing has happened in the tool */
	_Bool all;	 /* something changed that is none of the events */
	struct hook_event *events;
	size_t count;
};

/* hook_open - reads the words and secrets; a tool without such words is fine too. 0 or -errno, as connect_open(). */
int hook_open(const struct tool_setup *setup, struct hook **ret, struct err *e);
void hook_free(struct hook *h);

/* hook_lacks - the setting of stack.json without which no message of the tool can be believed, borrowed; NULL: none */
const char *hook_lacks(const struct hook *h);

/* hook_registers - whether the tool can be asked to send its webhooks */
_Bool hook_registers(const struct hook *h);

/**
 * hook_take - judges one message
 *
 * Returns 0; -EACCES with a sentence: the signature is wrong, missing, or too old; -EINVAL: it cannot be read.
 */
int hook_take(const struct hook *h, const struct hook_request *r, struct hook_result *ret, struct err *e);
void hook_result_finish(struct hook_result *r);
