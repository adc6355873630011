/* SPDX-License-Identifier: Apache-2.0 */
/* fake - a tool that plays a script (tests/fake/server.py) and a manifest for it, in a scratch folder. */
#pragma once

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "seamfs/base/file.h"
#include "seamfs/base/log.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "seamfs/connect/registry.h"
#include "test.h"

struct fake {
	char dir[64];
	pid_t pid;
	int in; /* closing it ends the server */
	int port;
	cJSON *config;
	struct tool_link *link;
	atomic_bool stop;
	struct err e;
	struct remote remote;
	int listed; /* records that fake_list() got */
	char *cursor;
	_Bool complete;
	char ids[512]; /* their ids, a blank behind each, as far as they fit */
};

static inline void fake_write(struct fake *f, const char *name, const char *text)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", f->dir, name);
	file = fopen(path, "w");
	if (!file || fputs(text, file) < 0 || fclose(file))
		abort();
}

/* Starts the server with @script. */
static inline void fake_serve(struct fake *f, const char *script)
{
	int in[2], out[2];
	char port[16] = "", log[128];

	snprintf(log, sizeof(log), "%s/log", f->dir);
	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0)
		abort();
	f->pid = fork();
	if (f->pid == 0) {
		dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		execlp("python3", "python3", SEAMFS_SOURCE_CONNECTORS "/../../tests/fake/server.py", log,
			NULL);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	f->in = in[1];
	dprintf(f->in, "%s\n", script);
	if (read(out[0], port, sizeof(port) - 1) <= 0)
		abort();
	close(out[0]);
	f->port = atoi(port);
}

/* Opens a tool: @manifest without its base; the server plays @script. */
static inline void fake_open(struct fake *f, const char *manifest, const char *script)
{
	char config[256];
	struct tool_setup setup = {.name = "fake", .connector = "fake", .currency = "EUR", .stop = &f->stop};

	log_set_level(LOG_LEVEL_ERROR);
	memset(f, 0, sizeof(*f));
	strcpy(f->dir, "/tmp/seamfs-fake-XXXXXX");
	if (!mkdtemp(f->dir))
		abort();
	fake_write(f, "fake.json", manifest);
	fake_serve(f, script);
	snprintf(config, sizeof(config), "{\"connector\": \"fake\", \"url\": \"http://127.0.0.1:%d\"}",
		f->port);
	json_parse(config, strlen(config), JSON_STRICT, &f->config, NULL, NULL);
	setup.config = f->config;
	setup.base_dir = f->dir;
	setenv("SEAMFS_CONNECTORS", f->dir, 1);
	if (connect_open(&setup, &f->link, &f->e) < 0) {
		printf("# %s\n", f->e.text);
		abort();
	}
}

/* ' stands for " in a text; given. */
static inline char *fake_quoted(const char *text)
{
	char *copy = str_dup(text);

	for (char *p = copy; *p; p++)
		*p = *p == '\'' ? '"' : *p;
	return copy;
}

/* As fake_open(), with ' for " in both texts. */
static inline void fake_start(struct fake *f, const char *manifest, const char *script)
{
	_cleanup_(mem_freep) char *one = fake_quoted(manifest);
	_cleanup_(mem_freep) char *other = fake_quoted(script);

	fake_open(f, one, other);
}

static inline void fake_close(struct fake *f)
{
	char command[128];

	connect_close(f->link);
	close(f->in);
	waitpid(f->pid, NULL, 0);
	remote_finish(&f->remote);
	free(f->cursor);
	cJSON_Delete(f->config);
	snprintf(command, sizeof(command), "rm -r %s", f->dir);
	check_int(system(command), 0);
}

static inline int fake_sink(void *context, const struct remote *remotes, size_t count)
{
	struct fake *f = context;

	for (size_t i = 0; i < count; i++) {
		size_t len = strlen(f->ids);

		f->listed++;
		snprintf(f->ids + len, sizeof(f->ids) - len, "%s ", remotes[i].id);
	}
	return 0;
}

/* Lists tasks since @cursor; what came is in @f. */
static inline int fake_list(struct fake *f, const char *cursor)
{
	f->listed = 0;
	f->ids[0] = '\0';
	free(f->cursor);
	f->cursor = NULL;
	f->e = (struct err){0};
	return f->link->ops->list(f->link, TYPE_TASK, cursor, fake_sink, f, &f->cursor, &f->complete, &f->e);
}

static inline cJSON *fake_json(const char *text)
{
	cJSON *json = NULL;

	if (json_parse(text, strlen(text), JSON_STRICT, &json, NULL, NULL) < 0)
		abort();
	return json;
}

static inline int fake_create(struct fake *f, const char *doc, const char *key)
{
	_cleanup_json_ cJSON *json = fake_json(doc);

	f->e = (struct err){0};
	remote_finish(&f->remote);
	return f->link->ops->create(f->link, TYPE_TASK, json, key, &f->remote, &f->e);
}

static inline int fake_find(struct fake *f, const char *doc, const char *key, int64_t sent_ms)
{
	_cleanup_json_ cJSON *json = fake_json(doc);

	f->e = (struct err){0};
	remote_finish(&f->remote);
	return f->link->ops->find(f->link, TYPE_TASK, json, key, sent_ms, &f->remote, &f->e);
}

static inline int fake_update(struct fake *f, const char *id, const char *changes, const char *base)
{
	_cleanup_json_ cJSON *json = fake_json(changes);
	_cleanup_json_ cJSON *old = base ? fake_json(base) : NULL;

	f->e = (struct err){0};
	remote_finish(&f->remote);
	return f->link->ops->update(f->link, TYPE_TASK, id, json, old, &f->remote, &f->e);
}

static inline int fake_get(struct fake *f, const char *id)
{
	f->e = (struct err){0};
	remote_finish(&f->remote);
	return f->link->ops->get(f->link, TYPE_TASK, id, &f->remote, &f->e);
}

/* How often @needle stands in the server's log of requests. */
static inline int fake_logged(struct fake *f, const char *needle)
{
	_cleanup_(buf_finish) struct buf text = BUF_INIT(BUF_MAX_TEXT);
	char path[128];
	int n = 0;

	snprintf(path, sizeof(path), "%s/log", f->dir);
	if (file_read(path, &text, NULL) < 0)
		return -1;
	for (const char *p = buf_text(&text); (p = strstr(p, needle)); p++)
		n++;
	return n;
}
