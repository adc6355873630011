/* SPDX-License-Identifier: Apache-2.0 */
/* What a rule does outside of records: worked out in the run's own transaction, done afterwards. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "seamfs/codec/utf8.h"
#include "store/handoff_p.h"

enum { DEFAULT_TIME_S = 30 };

static int add_text(
	struct deed *d, cJSON *step, const char *key, const char *template, _Bool file_name, struct err *e)
{
	_cleanup_(mem_freep) char *text = NULL;
	int r = deed_text(d, template, file_name, &text, e);

	if (r == 0)
		json_set_text(step, key, text);
	return r;
}

/* A path below the drive that leads nowhere else; hidden files are the drive's own affair. */
static int check_path(const char *path, struct err *e)
{
	const char *part = path;

	while (part) {
		const char *end = strchr(part, '/');

		if (!*part || *part == '/' || *part == '.')
			return err_set(e, EINVAL,
				"\"%.100s\" is no path for a document: a part of it is empty or begins with "
				"a point",
				path);
		part = end ? end + 1 : NULL;
	}
	return strlen(path) < 1000 ? 0 : err_set(e, ENAMETOOLONG, "the path \"%.60s…\" is too long", path);
}

static int add_path(struct deed *d, cJSON *step, const char *key, const char *template, struct err *e)
{
	int r = add_text(d, step, key, template, 1, e);

	return r == 0 ? check_path(json_get_text(step, key), e) : r;
}

/* The form of RFC 2047 for what is not plain: words of at most 75 characters, each of whole characters. */
static void add_encoded(struct buf *b, const char *text)
{
	static const char digits[] = "0123456789ABCDEF";
	size_t begun = b->len;

	buf_puts(b, "=?utf-8?Q?");
	for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
		if ((*p & 0xc0) != 0x80 && b->len - begun > 60) {
			buf_puts(b, "?=\r\n =?utf-8?Q?");
			begun = b->len - strlen("=?utf-8?Q?");
		}
		if (*p > ' ' && *p < 127 && !strchr("=?_", *p))
			buf_putc(b, (char)*p);
		else
			buf_printf(b, "=%c%c", digits[*p >> 4], digits[*p & 15]);
	}
	buf_puts(b, "?=");
}

/* A line end in the text would begin another header. */
static void add_header(struct buf *b, const char *name, const char *text)
{
	_Bool plain = 1;

	for (const char *p = text; *p; p++)
		plain &= *p >= ' ' && *p < 127;
	buf_printf(b, "%s: ", name);
	if (plain)
		buf_puts(b, text);
	else
		add_encoded(b, text);
	buf_puts(b, "\r\n");
}

static _Bool is_draft(struct deed *d, const char *rule, const char *name, const char *path)
{
	return db_int(d->db, 0,
		       "SELECT 1 FROM handoff_step WHERE run = ?1 AND json_extract(action, '$.write') = ?2",
		       "it", d->run, path) ||
	       db_int(d->db, 0,
		       "SELECT 1 FROM handoff_run r JOIN handoff_step s ON s.run = r.id"
		       " WHERE r.rule = ?1 AND r.name = ?2 AND json_extract(s.action, '$.write') = ?3",
		       "ttt", rule, name, path);
}

/* Two letters are two drafts, also of one rule, about one record and on one day. */
static char *draft_path(struct deed *d)
{
	_cleanup_(mem_freep) char *known = store_record_name(d->db, d->record);
	const char *rule = d->rule ? d->rule->name : "", *name = known ? known : "";
	char *path = str_format("Drafts/%s %s %s.eml", d->when, rule, name);

	for (int n = 2; is_draft(d, rule, name, path); n++) {
		free(path);
		path = str_format("Drafts/%s %s %s %d.eml", d->when, rule, name, n);
	}
	return path;
}

/* A letter that is not sent: mail programs open it as one that can be changed, and sent. */
static int mail(struct deed *d, const cJSON *action, cJSON *step, struct err *e)
{
	static const struct {
		const char *key, *header;
	} headers[] = {{"mail", "To"}, {"cc", "Cc"}, {"subject", "Subject"}};
	_cleanup_(buf_finish) struct buf b = BUF_INIT(BUF_MAX_RECORD);
	_cleanup_(mem_freep) char *text = NULL;
	_cleanup_(mem_freep) char *path = draft_path(d);
	int r = 0;

	buf_puts(&b, "X-Unsent: 1\r\n");
	for (size_t i = 0; i < ARRAY_LEN(headers) && r == 0; i++) {
		const char *template = json_get_text(action, headers[i].key);
		_cleanup_(mem_freep) char *value = NULL;

		r = template ? deed_text(d, template, 0, &value, e) : 0;
		if (value)
			add_header(&b, headers[i].header, value);
	}
	if (r == 0)
		r = deed_text(d, json_get_text(action, "text"), 0, &text, e);
	if (r < 0)
		return r;
	buf_puts(&b, "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
		     "Content-Transfer-Encoding: 8bit\r\n\r\n");
	for (const char *p = text; *p; p++)
		buf_puts(&b, *p == '\n' ? "\r\n" : (const char[]){*p, 0});
	json_set_text(step, "write", path);
	json_set_text(step, "text", buf_text(&b));
	return check_path(path, e);
}

static int add_env(struct deed *d, const cJSON *env, cJSON *step, struct err *e)
{
	cJSON *out = cJSON_AddObjectToObject(step, "env");
	const cJSON *item;
	int r = 0;

	cJSON_ArrayForEach (item, env) {
		if (r == 0)
			r = add_text(d, out, item->string, json_text(item), 0, e);
	}
	if (r == 0) {
		_cleanup_(mem_freep) char *path = store_record_path(d->db, d->record);
		_cleanup_(mem_freep) char *run = str_format("%lld", (long long)d->run);

		json_set_text(out, "SEAMFS_RULE", d->rule ? d->rule->name : "");
		json_set_text(out, "SEAMFS_RUN", run);
		json_set_text(out, "SEAMFS_TYPE", type_get(d->type)->name);
		json_set_text(out, "SEAMFS_PATH", path ? path : "");
	}
	return r;
}

/* "30s", which has been checked, in seconds. */
static int64_t seconds_of(const char *time)
{
	char *end;
	int64_t n = time ? strtoll(time, &end, 10) : DEFAULT_TIME_S;

	return !time || *end == 's' ? n : *end == 'm' ? n * 60 : n * 3600;
}

static int run(struct deed *d, const cJSON *action, cJSON *step, struct err *e)
{
	cJSON *argv = cJSON_AddArrayToObject(step, "run");
	_cleanup_(buf_finish) struct buf body = BUF_INIT(BUF_MAX_RECORD);
	const cJSON *word;
	int r = 0;

	cJSON_ArrayForEach (word, json_get(action, "run")) {
		_cleanup_(mem_freep) char *text = NULL;

		r = deed_text(d, json_text(word), 0, &text, e);
		if (r < 0)
			return r;
		cJSON_AddItemToArray(argv, cJSON_CreateString(text));
	}
	r = add_env(d, json_get(action, "env"), step, e);
	if (r == 0)
		r = store_record_body(d->db, d->record, &body);
	if (r < 0)
		return r;
	json_set_text(step, "stdin", buf_text(&body));
	json_set(step, "seconds", json_new_int(seconds_of(json_get_text(action, "time"))));
	json_set(step, "again", cJSON_CreateBool(cJSON_IsTrue(json_get(action, "again"))));
	if (json_get(action, "then"))
		json_set(step, "then", cJSON_Duplicate(json_get(action, "then"), 1));
	return 0;
}

static int work_out(struct deed *d, const cJSON *action, cJSON *step, struct err *e)
{
	int r;

	if (json_get(action, "run"))
		return run(d, action, step, e);
	if (json_get(action, "mail"))
		return mail(d, action, step, e);
	if (json_get(action, "folder"))
		return add_path(d, step, "folder", json_get_text(action, "folder"), e);
	if (json_get(action, "copy")) {
		r = add_path(d, step, "copy", json_get_text(action, "copy"), e);
		return r == 0 ? add_path(d, step, "to", json_get_text(action, "to"), e) : r;
	}
	r = add_path(d, step, "write", json_get_text(action, "write"), e);
	return r == 0 ? add_text(d, step, "text", json_get_text(action, "text"), 0, e) : r;
}

static void describe(struct buf *log, const cJSON *step)
{
	const cJSON *word;

	if (json_get(step, "run")) {
		buf_puts(log, "run");
		cJSON_ArrayForEach (word, json_get(step, "run"))
			buf_printf(log, " %s", json_text(word));
		buf_puts(log, "\n");
	} else if (json_get(step, "copy")) {
		buf_printf(log, "copy documents/%s to documents/%s\n", json_get_text(step, "copy"),
			json_get_text(step, "to"));
	} else if (json_get(step, "folder")) {
		buf_printf(log, "folder documents/%s\n", json_get_text(step, "folder"));
	} else {
		buf_printf(log, "write documents/%s\n", json_get_text(step, "write"));
	}
}

int deed_step(struct deed *d, const cJSON *action, struct err *e)
{
	_cleanup_json_ cJSON *step = cJSON_CreateObject();
	_cleanup_(mem_freep) char *text = NULL;
	int r = work_out(d, action, step, e);

	if (r < 0)
		return r;
	text = json_print(step);
	describe(&d->log, step);
	return db_run(d->db, "INSERT INTO handoff_step (run, state, action) VALUES (?1, 0, ?2)", "it", d->run,
		text);
}

void handoff_step_finish(struct handoff_step *s)
{
	free(s->rule);
	free(s->result);
	cJSON_Delete(s->action);
	*s = (struct handoff_step){0};
}

int store_handoff_step(struct db *db, struct handoff_step *ret)
{
	/* In the order of a run; behind a step that is not done the rest of it waits. */
	sqlite3_stmt *q = db_query(db,
		"SELECT s.id, s.run, r.rule, s.action, s.result FROM handoff_step s JOIN handoff_run r ON "
		"r.id = s.run"
		" WHERE s.state = 0 AND NOT EXISTS (SELECT 1 FROM handoff_step b WHERE b.run = s.run AND "
		"b.id < s.id"
		" AND b.state <> 2) ORDER BY s.id LIMIT 1",
		"");

	if (!db_row(q))
		return -ENOENT;
	*ret = (struct handoff_step){.id = sqlite3_column_int64(q, 0),
		.run = sqlite3_column_int64(q, 1),
		.rule = str_dup(db_column_text(q, 2)),
		.action = json_stored(db_column_text(q, 3)),
		.result = str_dup(db_column_text(q, 4))};
	db_done(q);
	return 0;
}

int store_handoff_step_begin(struct tx *tx, int64_t step)
{
	return db_run(tx->db, "UPDATE handoff_step SET state = 1 WHERE id = ?1", "i", step);
}
