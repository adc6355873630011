/* SPDX-License-Identifier: Apache-2.0 */
/*
 * secret - a password or key from where it is kept: a private file, a command, a systemd credential.
 *
 * A secret never stands in a configuration, a manifest, a log or a sentence. There is no printf path: the
 * text leaves only through secret_text(), at the one place that hands it to the tool, and is wiped from
 * memory afterwards.
 *
 * Threads: any; one owner of a struct secret at a time. secret_load() may block for 10 seconds (a command).
 */
#pragma once

#include <cjson/cJSON.h>
#include <stddef.h>
#include <sys/stat.h>

#include "seamfs/base/err.h"

/* Longest secret, in bytes; a signed token has some thousand. */
#define SECRET_MAX ((size_t)16 << 10)

struct secret {
	char *text; /* private: use secret_text() */
};

/**
 * secret_load - fetches the secret that @source names
 * @source:   borrows; {"file": PATH}, {"command": [PROGRAM, ARGUMENT, …]} or {"credential": NAME}
 * @base_dir: borrows; where relative paths of files start
 * @ret:      written on success only; to be finished with secret_finish()
 *
 * file:       a regular file (no symbolic link) of this user or root that nobody else may read.
 * command:    started without a shell; its first line of output is the secret; it has 10 seconds.
 * credential: $CREDENTIALS_DIRECTORY/NAME, see systemd.exec(5).
 *
 * The secret is the first line, without its line end. Returns 0; -EINVAL for a @source that is not one of
 * these, a file that is not private, or an empty secret; else the -errno of what failed. The sentence never
 * holds the secret.
 */
int secret_load(const cJSON *source, const char *base_dir, struct secret *ret, struct err *e);

/**
 * secret_open - opens a file that holds a secret: a regular one, no symbolic link
 * @private: only if it is this user's or root's and nobody else may read it; systemd guards its credentials otherwise, by the
 *           folder and with ACLs
 *
 * Returns 0; -EINVAL for any other file; or the -errno of opening it.
 */
int secret_open(const char *path, _Bool private, int *ret_fd, struct stat *ret, struct err *e);

/**
 * secret_keep_file - puts a secret into a new file that only its user can read, in a folder (made when it is missing) that
 *                    only he can enter
 *
 * Returns 0; -EEXIST when there is such a file; or another -errno.
 */
int secret_keep_file(const char *path, const char *text, struct err *e);

/**
 * secret_keep_command - runs a program that keeps (or forgets) a secret, without a shell; it has two minutes
 * @argv: the program and its arguments, NULL-terminated
 * @text: its standard input; NULL: nothing
 *
 * Returns 0, or -errno with the exit code in the sentence. What it says on standard error the person sees.
 */
int secret_keep_command(char *const argv[], const char *text, struct err *e);

/* secret_text - the secret, or "" when there is none; lives as long as @s */
const char *secret_text(const struct secret *s);

/* secret_finish - wipes and frees; a zeroed struct is fine */
void secret_finish(struct secret *s);

/* secret_wipe_text - wipes and frees a text that holds a secret (a header line, say); NULL is fine */
void secret_wipe_text(char *text);
