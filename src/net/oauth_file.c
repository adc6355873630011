/* SPDX-License-Identifier: Apache-2.0 */
/* The file that keeps a login, and the lock beside it. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "net/oauth_parts.h"
#include "seamfs/base/clock.h"
#include "seamfs/base/fault.h"
#include "seamfs/base/file.h"
#include "seamfs/base/log.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "seamfs/net/secret.h"

#define LOCK_LIMIT_MS 35000 /* whoever holds it waits 30 seconds for the tool at most */
#define LOCK_STEP_MS  50

static int64_t number_in(const cJSON *file, const char *name)
{
	int64_t number = 0;

	return json_int64(json_get(file, name), &number) < 0 ? 0 : number;
}

/* Takes what the file says. A login that another client made is none of ours. */
static void take(struct oauth *o, const cJSON *file)
{
	const char *access = json_get_text(file, "access_token");

	if (!str_equal(access, o->tokens.access))
		o->refused = 0;
	oauth_tokens_finish(&o->tokens);
	o->unsaved = 0;
	free(o->dead);
	o->dead = NULL;
	if (!str_equal(json_get_text(file, "client_id"), o->setup.client_id))
		return;
	o->tokens = (struct oauth_tokens){.access = str_dup(access),
		.refresh = str_dup(json_get_text(file, "refresh_token")),
		.made_ms = number_in(file, "made_ms"),
		.ends_ms = number_in(file, "ends_ms"),
		.kept = cJSON_Duplicate(json_get(file, "kept"), 1)};
}

static _Bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

int oauth_file_look(struct oauth *o, struct err *e)
{
	_cleanup_(fd_closep) int fd = -1;
	struct stat st = {0};
	struct buf text;
	cJSON *file = NULL;
	int r = secret_open(o->setup.path, 1, &fd, &st, e);

	if (r == -ENOENT)
		r = 0;
	if (r < 0 || same_file(&st, &o->file))
		return r;
	text = oauth_secret_buf(OAUTH_MAX_FILE);
	if (fd >= 0)
		r = file_read_fd(fd, &text);
	/* What is no login is as good as none: the next one replaces it. */
	if (r == -E2BIG ||
		(r == 0 && json_parse(buf_text(&text), text.len, JSON_STRICT, &file, NULL, NULL) < 0)) {
		if (fd >= 0)
			log_warning("oauth", "%s: there is no login in %s", o->setup.tool, o->setup.path);
		r = 0;
	}
	if (r == 0) {
		take(o, file);
		o->file = st;
	} else {
		err_set(e, -r, "%s cannot be read: %s", o->setup.path, strerror(-r));
	}
	oauth_wipe_json(file);
	oauth_wipe_buf(&text);
	return r;
}

static void add_member(struct buf *b, const char *name, const char *text)
{
	if (!text)
		return;
	buf_printf(b, ",\n  \"%s\": ", name);
	json_quote(b, text);
}

/* Written by hand: cJSON's printing leaves copies of the tokens behind. */
static int format(const struct oauth *o, struct buf *b)
{
	_cleanup_(mem_freep) char *kept = o->tokens.kept ? json_print(o->tokens.kept) : NULL;

	buf_puts(b, "{\n  \"client_id\": ");
	json_quote(b, o->setup.client_id);
	add_member(b, "access_token", o->tokens.access);
	add_member(b, "refresh_token", o->tokens.refresh);
	buf_printf(b, ",\n  \"made_ms\": %lld,\n  \"ends_ms\": %lld", (long long)o->tokens.made_ms,
		(long long)o->tokens.ends_ms);
	buf_printf(b, ",\n  \"kept\": %s\n}\n", kept ? kept : "{}");
	return b->error;
}

int oauth_file_save(struct oauth *o, struct err *e)
{
	struct buf text = oauth_secret_buf(OAUTH_MAX_FILE);
	int r = format(o, &text);

	o->unsaved = 1;
	fault_step("login");
	if (r < 0)
		err_set(e, -r, "%s gives tokens that are too long", o->setup.tool);
	else
		r = file_replace(o->setup.path, text.data, text.len, 0600, e);
	fault_step("login");
	oauth_wipe_buf(&text);
	if (r == 0) {
		o->unsaved = 0;
		if (stat(o->setup.path, &o->file) < 0)
			o->file = (struct stat){0};
	} else if (e) {
		e->retry = ERR_LATER; /* there may be room then */
	}
	return r;
}

int oauth_file_lock(struct oauth *o, int *ret_fd, struct err *e)
{
	_cleanup_(mem_freep) char *path = str_format("%s.lock", o->setup.path);
	_cleanup_(fd_closep) int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	int64_t deadline_ms = clock_steady_ms() + LOCK_LIMIT_MS;

	if (fd < 0)
		return err_set(e, errno, "cannot open %s: %s", path, strerror(errno));
	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_set(e, errno, "cannot lock %s: %s", path, strerror(errno));
		if (atomic_load(o->setup.stop) || clock_steady_ms() >= deadline_ms) {
			_Bool stopped = atomic_load(o->setup.stop);

			err_set(e, stopped ? ECANCELED : EIO,
				"%s: another program has been renewing the login for too long",
				o->setup.tool);
			if (e)
				e->retry = ERR_LATER;
			return stopped ? -ECANCELED : -EIO;
		}
		usleep(LOCK_STEP_MS * 1000);
	}
	*ret_fd = fd;
	fd = -1;
	return 0;
}
