/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "connect/drivers.h"
#include "seamfs/base/buf.h"
#include "seamfs/base/mem.h"

/* Keys of a tool's object that are read by model/stack.c. */
static const char *const common_keys[] = {"connector", "poll", "send", "cost", "verified", NULL};

char *driver_pointer(const char *pointer, const char *key)
{
	struct buf b = BUF_INIT(BUF_MAX_CONFIG);

	buf_printf(&b, "%s/", pointer);
	for (; *key; key++) {
		if (*key == '~' || *key == '/')
			buf_puts(&b, *key == '~' ? "~0" : "~1");
		else
			buf_putc(&b, *key);
	}
	return buf_steal(&b);
}

int driver_bad(struct err *e, const char *pointer, const char *format, ...)
{
	_cleanup_(mem_freep) char *text = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		abort();
	va_end(args);
	return err_field(e, EINVAL, pointer, "%s: %s", pointer, text);
}

static _Bool among(const char *key, const char *const *keys)
{
	while (*keys && strcmp(*keys, key) != 0)
		keys++;
	return *keys != NULL;
}

int driver_keys(const cJSON *object, const char *pointer, const char *const *known, struct err *e)
{
	const cJSON *child;

	if (!cJSON_IsObject(object))
		return driver_bad(e, pointer, "this has to be an object");
	cJSON_ArrayForEach (child, object) {
		_cleanup_(mem_freep) char *at = NULL;

		if (among(child->string, known) || (!*pointer && among(child->string, common_keys)))
			continue;
		at = driver_pointer(pointer, child->string);
		return driver_bad(e, at, "unknown key \"%s\"", child->string);
	}
	return 0;
}

int driver_whole(struct err *e, int r)
{
	if (e) {
		e->scope = ERR_TOOL;
		e->retry = ERR_LATER;
	}
	return r;
}

_Bool driver_stopped(const struct tool_link *link, struct err *e)
{
	if (!link->stop || !atomic_load(link->stop))
		return 0;
	driver_whole(e, err_set(e, ECANCELED, "stopped"));
	return 1;
}

_Bool driver_drain(int fd, driver_event concerns, void *context)
{
	char events[8192] __attribute__((aligned(__alignof__(struct inotify_event))));
	_Bool any = 0;

	for (;;) {
		ssize_t n = read(fd, events, sizeof(events));

		if (n <= 0)
			return any;
		for (const char *p = events; p < events + n;) {
			const struct inotify_event *event = (const void *)p;

			any |= concerns(context, event);
			p += sizeof(*event) + event->len;
		}
	}
}
