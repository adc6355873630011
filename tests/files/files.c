/* SPDX-License-Identifier: Apache-2.0 */
/*
 * files - one call of include/seamfs/connect/files.h on a tool, for the system tests.
 *
 *   files TOOL.json check | room | walk [PATH] | list [PATH] | stat PATH | get PATH ETAG OFFSET LENGTH | mkdir PATH |
 *                   move PATH TO | remove PATH [ETAG] | put PATH FILE [ETAG [RESUME]]
 *
 * An entry is printed as "SIZE ETAG PATH", a folder as "- ETAG PATH/"; bytes go to standard output. "put" says on standard error
 * what it may be resumed with. An error is "ERRNO: sentence" on standard error, exit code 1.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "seamfs/base/file.h"
#include "seamfs/base/log.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "seamfs/connect/registry.h"

struct call {
	struct tool_link *link;
	const struct file_ops *ops;
	char **args; /* NULL-terminated */
	int count;
	struct err e;
};

static const char *arg(const struct call *c, int i)
{
	return i < c->count ? c->args[i] : NULL;
}

static void print(const struct remote_file *f)
{
	if (f->folder)
		printf("- %s %s/\n", f->etag ? f->etag : "-", f->path);
	else
		printf("%lld %s %s\n", (long long)f->size, f->etag ? f->etag : "-", f->path);
}

static int print_all(void *context, const struct remote_file *files, size_t count)
{
	for (size_t i = 0; i < count; i++)
		print(&files[i]);
	return 0;
}

/* With an ETag after the path, what is below a folder that has it is left out. */
static _Bool known(void *context, const char *path, const char *etag)
{
	const struct call *c = context;

	for (int i = 1; i < c->count; i++) {
		if (strcmp(c->args[i], etag) == 0)
			return 1;
	}
	return 0;
}

static int do_walk(struct call *c)
{
	struct file_walk w = {.path = arg(c, 0), .sink = print_all, .known = known, .context = c};

	return c->ops->walk(c->link, &w, &c->e);
}

static int do_list(struct call *c)
{
	struct file_walk w = {.path = arg(c, 0), .flat = 1, .sink = print_all};

	return c->ops->walk(c->link, &w, &c->e);
}

static int give(int r, struct remote_file *f)
{
	if (r == 0)
		print(f);
	remote_file_finish(f);
	return r;
}

static int do_stat(struct call *c)
{
	struct remote_file f = {0};

	return give(c->ops->stat(c->link, c->args[0], &f, &c->e), &f);
}

static int print_bytes(void *context, const void *bytes, size_t len)
{
	return fwrite(bytes, 1, len, stdout) == len ? 0 : -EIO;
}

static int do_get(struct call *c)
{
	return c->ops->read(c->link, c->args[0], c->args[1], atoll(c->args[2]), atoll(c->args[3]),
		print_bytes, NULL, &c->e);
}

static int do_mkdir(struct call *c)
{
	struct remote_file f = {0};

	return give(c->ops->make_folder(c->link, c->args[0], &f, &c->e), &f);
}

static int do_move(struct call *c)
{
	struct remote_file f = {0};

	return give(c->ops->move(c->link, c->args[0], c->args[1], &f, &c->e), &f);
}

static int do_remove(struct call *c)
{
	return c->ops->remove(c->link, c->args[0], arg(c, 1), &c->e);
}

static int keep(void *context, int64_t sent, const char *resume)
{
	fprintf(stderr, "sent %lld %s\n", (long long)sent, resume ? resume : "-");
	return 0;
}

static int do_put(struct call *c)
{
	_cleanup_(fd_closep) int fd = open(c->args[1], O_RDONLY | O_CLOEXEC);
	const char *etag = arg(c, 2);
	struct stat s;
	struct file_upload u = {.path = c->args[0], .fd = fd, .resume = arg(c, 3), .keep = keep};
	struct remote_file f = {0};

	if (fd < 0 || fstat(fd, &s) < 0)
		return err_set(&c->e, errno, "%s cannot be read", c->args[1]);
	u.etag = etag && *etag ? etag : NULL;
	u.size = s.st_size;
	u.mtime_ms = (int64_t)s.st_mtim.tv_sec * 1000;
	return give(c->ops->write(c->link, &u, &f, &c->e), &f);
}

static int do_room(struct call *c)
{
	int64_t total, left;
	int r = c->ops->room(c->link, &total, &left, &c->e);

	if (r == 0)
		printf("%lld %lld\n", (long long)total, (long long)left);
	return r;
}

static int do_check(struct call *c)
{
	_cleanup_(mem_freep) char *text = NULL;
	int r = c->link->ops->check(c->link, &text, &c->e);

	if (r == 0)
		puts(text);
	return r;
}

static const struct {
	const char *name;
	int args; /* at least */
	int (*run)(struct call *c);
} calls[] = {{"check", 0, do_check}, {"room", 0, do_room}, {"walk", 0, do_walk}, {"list", 0, do_list},
	{"stat", 1, do_stat}, {"get", 4, do_get}, {"mkdir", 1, do_mkdir}, {"move", 2, do_move},
	{"remove", 1, do_remove}, {"put", 2, do_put}};

static int open_tool(const char *path, cJSON **config, struct call *c)
{
	_cleanup_(buf_finish) struct buf text = BUF_INIT(BUF_MAX_CONFIG);
	_cleanup_(mem_freep) char *dir = path_dir(path);
	struct tool_setup setup = {.name = "drive", .base_dir = dir, .currency = "EUR"};
	int r = file_read(path, &text, &c->e);

	if (r == 0)
		r = json_parse(buf_text(&text), text.len, 0, config, NULL, &c->e);
	if (r < 0)
		return r;
	setup.config = *config;
	setup.connector = json_get_text(*config, "connector");
	r = connect_open(&setup, &c->link, &c->e);
	if (r == 0)
		c->ops = c->link->ops->files;
	return r;
}

static int run(const char *name, struct call *c)
{
	for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
		if (strcmp(calls[i].name, name) == 0 && c->count >= calls[i].args)
			return calls[i].run(c);
	}
	return err_set(&c->e, EINVAL, "call: files TOOL.json CALL ARGUMENT…");
}

int main(int argc, char **argv)
{
	struct call c = {.args = argv + 3, .count = argc - 3};
	_cleanup_json_ cJSON *config = NULL;
	int r;

	if (argc < 3)
		return 2;
	log_set_level(getenv("FILES_DEBUG") ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARNING);
	r = open_tool(argv[1], &config, &c);
	if (r == 0)
		r = run(argv[2], &c);
	if (r < 0)
		fprintf(stderr, "%s: %s\n", err_name(-r), c.e.text);
	connect_close(c.link);
	return r < 0;
}
