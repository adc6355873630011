/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hooks - HTTP in both directions: the listener that tools' webhooks and middleware talk to, and the threads that tell
 * subscribers of changes.
 *
 * Threads: these functions belong to the main thread.
 */
#pragma once

#include "seamfs/base/err.h"
#include "seamfs/model/stack.h"
#include "seamfs/tree/tree.h"

struct hooks;

/**
 * hooks_start - what "listen" and "subscriptions" of stack.json say; nothing when they say nothing
 * @state: folder of the database, where the keys of the addresses are
 *
 * Returns 0 or -errno with a sentence.
 */
int hooks_start(
	const struct stack *stack, struct tree *tree, const char *state, struct hooks **ret, struct err *e);

/* hooks_stop - ends the threads; NULL is fine */
void hooks_stop(struct hooks *h);

/**
 * hooks_check - what can be seen of "listen" and "subscriptions" without starting anything
 *
 * Returns 0 or -errno; the sentence begins with "FILE:LINE:COLUMN: ".
 */
int hooks_check(const struct stack *stack, struct err *e);

/**
 * hooks_path - the path of an address that nobody can guess: of a tool's webhooks, or (@tool NULL) of what middleware sends
 *
 * The same each time, as long as the file with the key stays; given. 0 or -errno with a sentence.
 */
int hooks_path(const char *state, const char *tool, char **ret, struct err *e);

/* hooks_kept_path - the file of the secret that a tool gave in a handshake, or when it was asked for its webhooks; given */
char *hooks_kept_path(const char *state, const char *tool);
