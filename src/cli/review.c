/* SPDX-License-Identifier: Apache-2.0 */
/* The quarterly half hour: the stack as it is, what has changed since the last time, and a date for each tool that was looked at. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/ask.h"
#include "cli/cli.h"
#include "seamfs/base/file.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/utf8.h"
#include "seamfs/fuse/mount.h"
#include "seamfs/model/stack_edit.h"

static _Bool has_line(const char *text, const char *line, size_t len)
{
	for (const char *p = text; *p;) {
		size_t n = strcspn(p, "\n");

		if (n == len && strncmp(p, line, len) == 0)
			return 1;
		p += n + (p[n] == '\n');
	}
	return 0;
}

/* Prints the rows of @text that @other does not have. Returns how many. */
static int print_others(const char *text, const char *other, char mark)
{
	int count = 0;

	for (const char *p = text; *p;) {
		size_t n = strcspn(p, "\n");

		if (*p == '|' && !has_line(other, p, n)) {
			printf("%c %.*s\n", mark, (int)n, p);
			count++;
		}
		p += n + (p[n] == '\n');
	}
	return count;
}

static void print_changes(const char *now, const char *path)
{
	_cleanup_(buf_finish) struct buf last = BUF_INIT(BUF_MAX_TEXT);

	if (file_read(path, &last, NULL) < 0) {
		puts("This is the first review.");
		return;
	}
	puts("What has changed since the last review:\n");
	if (print_others(buf_text(&last), now, '-') + print_others(now, buf_text(&last), '+') == 0)
		puts("nothing.");
}

/* file_asker: whether the file is still the one that was read. */
static int unchanged(void *context, const char *old, struct err *e)
{
	_cleanup_(buf_finish) struct buf b = BUF_INIT(BUF_MAX_CONFIG);
	const struct stack *stack = context;
	int r = file_read(old, &b, e);

	if (r == 0 && strcmp(buf_text(&b), stack->text) != 0)
		r = err_set(e, ESTALE, "%s has been changed meanwhile; begin again", stack->path);
	return r;
}

/* Asks about each tool; the text of stack.json with today's date in those that are in order. How many, or -errno. */
static int ask_tools(const struct stack *stack, _Bool yes, struct buf *text, struct err *e)
{
	time_t now = time(NULL);
	struct tm day;
	char today[11];
	int count = 0;

	localtime_r(&now, &day);
	strftime(today, sizeof(today), "%Y-%m-%d", &day);
	buf_puts(text, stack->text);
	for (int i = 1; i < stack->tool_count; i++) {
		const struct tool *tool = &stack->tools[i];
		_cleanup_(mem_freep) char *question =
			str_format("Is %s (%s, looked at %s) needed, and as it should be?", tool->name,
				tool->connector, tool->verified ? tool->verified : "never");
		_cleanup_(buf_finish) struct buf old = *text;
		int r = yes ? 1 : ask_yes(question, e);

		*text = BUF_INIT(BUF_MAX_CONFIG);
		if (r > 0)
			r = stack_set_tool(buf_text(&old), tool->name, "verified", today, text) == 0
				    ? 1
				    : -EINVAL;
		if (r == 0)
			buf_add(text, old.data, old.len);
		if (r < 0)
			return r == -EINVAL ? err_set(e, EINVAL, "%s: the date of %s cannot be written there",
						      stack->path, tool->name)
					    : r;
		count += r;
	}
	return count;
}

static int write_dates(struct stack *stack, _Bool yes, struct err *e)
{
	_cleanup_(buf_finish) struct buf text = BUF_INIT(BUF_MAX_CONFIG);
	_cleanup_(stack_freep) struct stack *check = NULL;
	int count = ask_tools(stack, yes, &text, e), r;

	if (count <= 0)
		return count;
	r = stack_load_text(stack->path, buf_text(&text), &check, e);
	if (r == 0)
		r = file_replace_if(stack->path, buf_text(&text), text.len, 0644, unchanged, stack, e);
	if (r == 0)
		printf("%d tool%s dated in %s.\n", count, count == 1 ? " is" : "s are", stack->path);
	return r;
}

static int review(struct stack *stack, const struct options *o, struct err *e)
{
	_cleanup_(mem_freep) char *dir = mount_find(o->mount, e);
	_cleanup_(mem_freep) char *state = config_state_dir(stack);
	_cleanup_(mem_freep) char *path = path_join(state, "review.md");
	_cleanup_(buf_finish) struct buf now = BUF_INIT(BUF_MAX_TEXT);
	_cleanup_(mem_freep) char *shown = NULL;
	int r = dir ? order_read(dir, "reports/stack.md", &now, e) : -ENOENT;

	if (r < 0)
		return r;
	shown = str_dup(buf_text(&now));
	utf8_disarm(shown);
	fputs(shown, stdout);
	print_changes(shown, path);
	r = write_dates(stack, o->yes, e);
	return r < 0 ? r : file_replace(path, shown, strlen(shown), 0600, e);
}

enum exit_code verb_review(const struct options *o)
{
	enum exit_code code;
	_cleanup_(stack_freep) struct stack *stack = config_load(o, &code);
	struct err e = {0};

	if (!stack)
		return code;
	return review(stack, o, &e) < 0 ? fail(EXIT_FAILED, &e) : EXIT_OK;
}
