/* SPDX-License-Identifier: Apache-2.0 */
/* "seamfs tool new": the first draft of a manifest, from the document that the tool's vendor publishes. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/tool.h"
#include "seamfs/base/file.h"
#include "seamfs/base/mem.h"
#include "seamfs/connect/draft.h"

/* A connector's name is a file's, and a word in stack.json. */
static int check_name(const char *name, struct err *e)
{
	size_t len = strlen(name);

	if (len && len <= 60 && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_") == len)
		return 0;
	return err_set(e, EINVAL, "--name wants a word of a-z, 0-9, '-' and '_', not \"%.60s\"", name);
}

/* "client=/customers" */
static int add_type(struct draft_order *order, const char *text, struct err *e)
{
	const char *equals = strchr(text, '=');
	_cleanup_(mem_freep) char *name = equals ? mem_dup(text, (size_t)(equals - text)) : NULL;
	const struct type *type = name ? type_by_name(name) : NULL;

	if (!equals || (equals[1] && equals[1] != '/'))
		return err_set(e, EINVAL, "--type wants TYPE=/PATH, not \"%.60s\"", text);
	if (!type)
		return err_set(e, EINVAL, "--type: there is no type \"%.60s\"", name);
	if (order->paths[type->id])
		return err_set(e, EINVAL, "--type: %s is given twice", name);
	order->paths[type->id] = equals + 1;
	return 0;
}

/* To a file that is not there yet: a draft must not take the place of what somebody has corrected. */
static int put(const char *path, const struct buf *text, struct err *e)
{
	_cleanup_(fd_closep) int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	size_t done = 0;

	if (fd < 0)
		return err_set(e, errno, "cannot make %s: %s", path, strerror(errno));
	while (done < text->len) {
		ssize_t n = write(fd, text->data + done, text->len - done);

		if (n < 0 && errno != EINTR)
			return err_set(e, errno, "cannot write %s: %s", path, strerror(errno));
		done += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

enum exit_code tool_new(const struct options *o)
{
	_cleanup_(buf_finish) struct buf text = BUF_INIT(DRAFT_MAX_DOCUMENT);
	_cleanup_(buf_finish) struct buf draft = BUF_INIT(BUF_MAX_CONFIG);
	_cleanup_(buf_finish) struct buf notes = BUF_INIT(BUF_MAX_CONFIG);
	struct draft_order order = {.path = o->argv[1], .name = o->name};
	struct err e = {0};
	int r = o->name ? check_name(o->name, &e) : 0;

	for (int i = 0; r == 0 && i < o->type_count; i++)
		r = add_type(&order, o->types[i], &e);
	if (r < 0)
		return fail(EXIT_USAGE, &e);
	r = file_read(order.path, &text, &e);
	if (r == 0)
		r = draft_make(buf_text(&text), text.len, &order, &draft, &notes, &e);
	if (r == 0 && o->output)
		r = put(o->output, &draft, &e);
	if (r < 0)
		return fail(EXIT_FAILED, &e);
	if (!o->output)
		fputs(buf_text(&draft), stdout);
	fputs(buf_text(&notes), stderr);
	return EXIT_OK;
}
