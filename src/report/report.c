/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/report/report.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "report/reports.h"
#include "seamfs/base/mem.h"

enum { FORM_CSV, FORM_TEXT, FORMS, MAX_FILES = 64 };

/* Files that are no table. */
static const struct {
	const char *file;
	int (*make)(const struct context *c, struct buf *b);
} pages[] = {
	{"dashboard.html", page_dashboard},
	{"stack.html", page_stack_html},
	{"stack.md", page_stack_md},
};

struct report_cache {
	struct store *store;
	char *names[MAX_FILES]; /* in the order of report_file() */

	pthread_mutex_t mutex; /* guards what is below; not held while a report is made */
	struct {
		int64_t position; /* of the store, when it was made: its history's, or its commits */
		char day[11];
		char *text;
		size_t len;
	} made[MAX_FILES];
};

static int tables(void)
{
	return report_table_count * FORMS;
}

const char *report_file(int i)
{
	static const char *const forms[FORMS] = {"csv", "txt"};
	static _Thread_local char name[64];

	if (i >= tables())
		return i < tables() + (int)ARRAY_LEN(pages) ? pages[i - tables()].file : NULL;
	snprintf(name, sizeof(name), "%s.%s", reports[i / FORMS].name, forms[i % FORMS]);
	return name;
}

int report_find(const char *file)
{
	const char *name;

	for (int i = 0; (name = report_file(i)); i++) {
		if (strcmp(name, file) == 0)
			return i;
	}
	return -1;
}

struct report_cache *report_cache_new(struct store *store)
{
	struct report_cache *c = mem_alloc(sizeof(*c));

	c->store = store;
	pthread_mutex_init(&c->mutex, NULL);
	return c;
}

void report_cache_free(struct report_cache *cache)
{
	if (!cache)
		return;
	for (int i = 0; i < MAX_FILES; i++)
		free(cache->made[i].text);
	pthread_mutex_destroy(&cache->mutex);
	free(cache);
}

int64_t report_time(struct report_cache *cache)
{
	return db_int(store_db(cache->store), 0, "SELECT ms FROM history ORDER BY id DESC LIMIT 1", "");
}

static struct context context_of(struct store *store)
{
	struct context c = {.store = store, .db = store_db(store), .currency = store_stack(store)->currency};
	time_t now = time(NULL);
	struct tm day;

	localtime_r(&now, &day);
	strftime(c.today, sizeof(c.today), "%Y-%m-%d", &day);
	return c;
}

static int print_text(const struct report *r, const struct context *c, const struct figures *t, struct buf *b)
{
	buf_printf(b, "%s (%s, %s)\n\n", r->title, store_stack(c->store)->company, c->today);
	figures_print(t, r->totals, b);
	return buf_printf(b, "\n%s\n", r->about);
}

static int make(const struct context *c, int i, struct buf *b)
{
	const struct report *r = &reports[i / FORMS];
	_cleanup_(figures_finish) struct figures t = {0};

	if (i >= tables())
		return pages[i - tables()].make(c, b);
	report_fill(r, c, i % FORMS == FORM_TEXT, &t);
	return i % FORMS == FORM_CSV ? figures_csv(&t, b) : print_text(r, c, &t, b);
}

/* What it says is not in the history alone: how the tools are doing, which records are linked. */
static _Bool is_live(int i)
{
	return i >= tables() || reports[i / FORMS].live;
}

int report_read(struct report_cache *cache, int i, struct buf *b)
{
	/* First: what is committed meanwhile makes the text older than it is, never newer. */
	int64_t position = is_live(i) ? store_commits(cache->store) : store_position(cache->store);
	struct context c = context_of(cache->store);
	size_t begin = b->len;
	_Bool known;
	int r;

	pthread_mutex_lock(&cache->mutex);
	known = cache->made[i].text && cache->made[i].position == position &&
		strcmp(cache->made[i].day, c.today) == 0;
	if (known)
		buf_add(b, cache->made[i].text, cache->made[i].len);
	pthread_mutex_unlock(&cache->mutex);
	if (known)
		return b->error;
	r = make(&c, i, b);
	if (r < 0)
		return r;
	pthread_mutex_lock(&cache->mutex);
	free(cache->made[i].text);
	cache->made[i].text = mem_dup(b->data + begin, b->len - begin);
	cache->made[i].len = b->len - begin;
	cache->made[i].position = position;
	memcpy(cache->made[i].day, c.today, sizeof(c.today));
	pthread_mutex_unlock(&cache->mutex);
	return 0;
}
