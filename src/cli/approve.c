/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "cli/cli.h"
#include "seamfs/base/mem.h"
#include "seamfs/fuse/mount.h"

/* What is held is shown, so that nobody says yes to something else than he sees. */
static int decide(const char *dir, const char *word, struct err *e)
{
	struct buf b = BUF_INIT(BUF_MAX_TEXT);
	int r = order_read(dir, ".seam/approve", &b, e);

	if (r == 0)
		fputs(buf_text(&b), stdout);
	buf_finish(&b);
	return r == 0 ? order_give(dir, ".seam/approve", word, e) : r;
}

static enum exit_code answer(const struct options *o, const char *word)
{
	struct err e = {0};
	_cleanup_(mem_freep) char *dir = mount_find(o->mount, &e);
	int r = dir ? 0 : -1;

	if (r == 0 && !o->argc)
		r = decide(dir, word, &e);
	for (int i = 0; r == 0 && i < o->argc; i++) {
		_cleanup_(mem_freep) char *order = str_format("%s %s", word, o->argv[i]);

		r = order_give(dir, ".seam/approve", order, &e);
	}
	return r < 0 ? fail(EXIT_FAILED, &e) : EXIT_OK;
}

enum exit_code verb_approve(const struct options *o)
{
	return answer(o, "yes");
}

enum exit_code verb_reject(const struct options *o)
{
	return answer(o, "no");
}
