/* SPDX-License-Identifier: Apache-2.0 */
/* ask - questions to the person at the terminal, or to whoever writes standard input.        Threads: main. */
#pragma once

#include <stdatomic.h>

#include "seamfs/base/err.h"

/* ask_stop - from now on Ctrl-C, SIGTERM and SIGHUP raise this flag and do not end the program, so that it can tidy up */
atomic_bool *ask_stop(void);

/* ask_terminal - whether a person sits there */
_Bool ask_terminal(void);

/**
 * ask_line - one line of standard input, without its end
 * @prompt: shown on a terminal only
 * @hidden: what is typed is not shown
 * @ret:    given to the caller, maybe a secret: secret_wipe_text(); "" for an empty line
 *
 * No byte behind the line is read. Returns 0; -ENODATA when nothing comes any more; -EINTR after ask_stop()'s signals;
 * -EINVAL for a line that is too long.
 */
int ask_line(const char *prompt, _Bool hidden, char **ret, struct err *e);

/* ask_yes - 1: the answer was "y" or "yes"; 0: any other, or none; -EINTR */
int ask_yes(const char *question, struct err *e);
