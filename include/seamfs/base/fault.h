/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fault - the places at which tests end the daemon.        Threads: any.
 *
 * Only a build with -DSEAMFS_FAULTS has them. There the environment says what happens, once the file that
 * SEAMFS_STEP_ARM names is there (at once without it), so that what comes before a scenario does not count:
 *
 *   SEAMFS_STEP_KILL=N     SIGKILL at the N-th step; =WHAT: at the first that is called so
 *   SEAMFS_STEP_STALL=WHAT the thread goes no further as long as that file is there (without it: at all)
 *   SEAMFS_STEP_LOG=FILE   a line "N WHAT" for each step is appended
 */
#pragma once

#ifdef SEAMFS_FAULTS

/* fault_step - something lasting is about to happen, or just did: @what, a constant of one word */
void fault_step(const char *what);

#else

static inline void fault_step(const char *what)
{
}

#endif
