/* SPDX-License-Identifier: Apache-2.0 */
/* tool_rig - a folder of its own and a driver opened on it, for the tests of local drivers. */
#pragma once

#include "seamfs/connect/registry.h"

#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <sys/stat.h>

#include "connect/drivers.h"
#include "seamfs/base/file.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "test.h"

typedef int (*driver_open)(const struct tool_setup *setup, struct tool_link **ret, struct err *e);

struct rig {
	char dir[32];
	cJSON *config;
	struct tool_link *link;
	struct err e;
	int saved_stderr; /* while what is logged goes into DIR/log */
};

static inline char *rig_path(const struct rig *rig, const char *name)
{
	return path_join(rig->dir, name);
}

static inline void rig_start(struct rig *rig)
{
	_cleanup_(mem_freep) char *log = NULL;

	*rig = (struct rig){.dir = "/tmp/seamfs-test-XXXXXX"};
	if (!mkdtemp(rig->dir))
		abort();
	log = rig_path(rig, "log");
	rig->saved_stderr = dup(STDERR_FILENO);
	if (!freopen(log, "w", stderr))
		abort();
}

/* Opens the driver with a configuration in which ' stands for ". */
static inline int rig_open(struct rig *rig, driver_open open, const char *config)
{
	_cleanup_(mem_freep) char *text = str_dup(config);
	struct tool_setup setup = {.name = "crm", .base_dir = rig->dir, .currency = "EUR"};

	for (char *p = text; *p; p++)
		*p = *p == '\'' ? '"' : *p;
	if (rig->link)
		rig->link->ops->close(rig->link);
	rig->link = NULL;
	cJSON_Delete(rig->config);
	rig->config = NULL;
	if (json_parse(text, strlen(text), 0, &rig->config, NULL, &rig->e) < 0)
		abort();
	setup.config = rig->config;
	return open(&setup, &rig->link, &rig->e);
}

static inline int rig_remove(const char *path, const struct stat *s, int flag, struct FTW *where)
{
	return remove(path);
}

static inline void rig_stop(struct rig *rig)
{
	if (rig->link)
		rig->link->ops->close(rig->link);
	cJSON_Delete(rig->config);
	fflush(stderr);
	dup2(rig->saved_stderr, STDERR_FILENO);
	close(rig->saved_stderr);
	nftw(rig->dir, rig_remove, 8, FTW_DEPTH | FTW_PHYS);
}

/* Writes a file in place, as no careful program does. */
static inline void rig_write(const struct rig *rig, const char *name, const char *text)
{
	_cleanup_(mem_freep) char *path = rig_path(rig, name);
	FILE *file = fopen(path, "w");

	if (!file || fputs(text, file) < 0 || fclose(file) != 0)
		abort();
}

static inline char *rig_read(const struct rig *rig, const char *name)
{
	_cleanup_(mem_freep) char *path = rig_path(rig, name);
	struct buf b = BUF_INIT(BUF_MAX_SHEET);

	if (file_read(path, &b, NULL) < 0)
		buf_puts(&b, "(no file)");
	return buf_steal(&b);
}

#define check_file(rig, name, want)                                                                          \
	do {                                                                                                 \
		_cleanup_(mem_freep) char *file_ = rig_read(rig, name);                                      \
		check_text(file_, want);                                                                     \
	} while (0)

/* How often @text stands in the log. */
static inline int rig_logged(const struct rig *rig, const char *text)
{
	_cleanup_(mem_freep) char *log = rig_read(rig, "log");
	int count = 0;

	for (const char *p = log; (p = strstr(p, text)); p++)
		count++;
	return count;
}

/* Waits for an event and says whether it is of interest. */
static inline _Bool rig_drain(const struct rig *rig)
{
	struct pollfd fd = {.fd = rig->link->ops->watch_fd(rig->link), .events = POLLIN};

	return poll(&fd, 1, 1000) == 1 && rig->link->ops->watch_drain(rig->link);
}
