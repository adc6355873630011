/* SPDX-License-Identifier: Apache-2.0 */
/* undo - takes one change of the history back, as a new change that is sent like any other.        Threads: the writer. */
#pragma once

#include "seamfs/store/change.h"

/**
 * store_undo - gives the fields of a change the values that they had before; what was removed comes back, what was made goes
 *
 * Refuses with -ENOENT an unknown number, with -ESTALE fields that have been changed since (the sentence names that change),
 * and with whatever the values or the removal themselves are refused for.
 */
int store_undo(struct tx *tx, int64_t change, const struct origin *origin, struct err *e);
