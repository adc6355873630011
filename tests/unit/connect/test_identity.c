/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For every manifest of contrib/connectors: a doc of ours that is sent and read back is the same doc.
 *
 * The docs are random. $SEAMFS_SEED does the same again as the run that printed it. The tool is played by settle(): it keeps what
 * it is sent, and shows it where the manifest reads it. What cannot be the same by what a manifest says (two of our words for one of
 * theirs, two fields in one place) is not asked.
 */
#include <errno.h>
#include <glob.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "connect/manifest.h"
#include "connect/map_write.h"
#include "seamfs/base/log.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/decimal.h"
#include "seamfs/codec/json.h"
#include "test.h"

enum { DOCS = 400, LONG_TEXT = 5000, MAX_LINES = 20, MAX_TAGS = 5, FIRST_ID = 1000, MAX_TOLD = 20 };

static const char *const currencies[] = {"EUR", "USD", "JPY", "KWD"};

static uint64_t state = 1;

static uint64_t below(uint64_t n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (state >> 11) % n;
}

/* ---- the tool's tables: a name gets the next number ---- */

static cJSON *rows;

static int lookup(
	void *context, const char *table, const char *text, _Bool by_name, const char **ret, struct err *e)
{
	static char id[24];
	const cJSON *row;
	int n = FIRST_ID;

	cJSON_ArrayForEach (row, rows) {
		snprintf(id, sizeof(id), "%d", n++);
		if (!str_equal(by_name ? json_text(row) : id, text))
			continue;
		*ret = by_name ? id : json_text(row);
		return 0;
	}
	if (!by_name)
		return err_set(e, ENOENT, "%s has no row %s", table, text);
	cJSON_AddItemToArray(rows, cJSON_CreateString(text));
	snprintf(id, sizeof(id), "%d", n);
	*ret = id;
	return 0;
}

/* ---- which fields can be in one doc ---- */

/* Whether one place is inside of the other, or the same. */
static _Bool overlap(const char *a, const char *b)
{
	size_t len;

	if (!a || !b)
		return 0;
	len = strlen(a) < strlen(b) ? strlen(a) : strlen(b);
	return strncmp(a, b, len) == 0 && (!a[len] || a[len] == '/') && (!b[len] || b[len] == '/');
}

static _Bool in_with(const struct map_field *a, const struct map_field *b)
{
	const cJSON *constant;

	cJSON_ArrayForEach (constant, a->with) {
		if (overlap(constant->string, b->to) || overlap(constant->string, b->at))
			return 1;
	}
	return 0;
}

/* A record in another one, whose id is the first part of its own: agree() sees to both. */
static _Bool is_inside(const struct map_field *a, const struct map_field *b)
{
	return a->part_count && b->field->kind == FIELD_REF && str_equal(a->parts[0], b->to);
}

static _Bool in_the_way(const struct map_field *a, const struct map_field *b)
{
	if (is_inside(a, b) || is_inside(b, a))
		return 0;
	return overlap(a->to, b->to) || overlap(a->at, b->at) || overlap(a->at_last, b->at) ||
	       overlap(a->at, b->at_last) || in_with(a, b) || in_with(b, a);
}

static _Bool writes(const struct map_field *f, _Bool create)
{
	return create ? !map_apart(f) && f->write != WRITE_NEVER : f->write == WRITE_ALWAYS;
}

/* Whether what is written for our word is read as this word. */
static _Bool comes_back(const struct map_field *f, const char *ours)
{
	const char *theirs = map_their_word(f, ours);

	return theirs && str_equal(map_our_word(f, theirs), ours) &&
	       (f->field->kind != FIELD_CHOICE || field_allows(f->field, ours));
}

/* ---- random values ---- */

static char *random_digits(void)
{
	return str_format(
		"%" PRIu64, below(4) ? below(100000) + 1 : below(900000000000000000) + 9007199254740993);
}

static char *random_text(void)
{
	static const char *const pieces[] = {"a", "Zoë", " ", "\"", "'", "\\", "/", "😀", "👩‍👩‍👧",
		"\n", "\t", "<b>&amp;", "{id}", "%20", "null", "0", "-1", "日本語", "é", ",", ";", ":", "*",
		"true", "~1", "\xef\xbf\xbd"};
	struct buf b = BUF_INIT(BUF_MAX_RECORD);
	size_t length = below(20) ? below(30) + 1 : LONG_TEXT;

	while (b.len < length)
		buf_puts(&b, pieces[below(ARRAY_LEN(pieces))]);
	return buf_steal(&b);
}

/* As random_text(), without blanks at its ends and without @none in it; never empty. */
static char *plain_text(char none)
{
	_cleanup_(mem_freep) char *text = random_text();

	for (char *p = text; *p; p++)
		*p = *p == none ? '.' : *p;
	return str_format("x%sx", text);
}

/* One of our words that comes back, NULL: there is none. */
static const char *random_word(const struct map_field *f)
{
	const char *found[64];
	const cJSON *ours;
	size_t count = 0;

	cJSON_ArrayForEach (ours, f->values) {
		if (count < ARRAY_LEN(found) && comes_back(f, ours->string))
			found[count++] = ours->string;
	}
	for (size_t i = 0; !f->values && f->field->choices && f->field->choices[i]; i++)
		found[count++] = f->field->choices[i];
	return count ? found[below(count)] : NULL;
}

static cJSON *new_text(char *text)
{
	cJSON *item = text ? cJSON_CreateString(text) : NULL;

	free(text);
	return item;
}

static cJSON *random_words(const struct map_field *f, const char *currency)
{
	if (f->values || f->field->kind == FIELD_CHOICE)
		return new_text(str_dup(random_word(f)));
	if (strcmp(f->field->name, "currency") == 0)
		return new_text(str_dup(currency));
	if (f->as == AS_INT && !f->lookup)
		return new_text(random_digits());
	return new_text(f->at_last ? plain_text('\001') : random_text());
}

static cJSON *random_date(void)
{
	static const char *const edges[] = {
		"0001-01-01", "1969-12-31", "1970-01-01", "2024-02-29", "9999-12-31"};

	if (below(5) == 0)
		return cJSON_CreateString(edges[below(ARRAY_LEN(edges))]);
	return new_text(
		str_format("%04d-%02d-%02d", (int)below(200) + 1900, (int)below(12) + 1, (int)below(28) + 1));
}

/* Where the tool counts seconds or minutes, a number of these; as hours to four digits. */
static cJSON *random_decimal(const struct map_field *f)
{
	struct decimal d = {(int64_t)below(2000000000), (unsigned)below(7)};
	int64_t grain = f->as == AS_MINUTES || f->as == AS_CLOCK ? 60 : 1;
	char text[DECIMAL_SIZE];

	if (f->as >= AS_SECONDS && f->as <= AS_DURATION)
		d = (struct decimal){((int64_t)below(1000000) * grain * 10000 + 1800) / 3600, 4};
	decimal_format(d, text);
	decimal_parse(text, &d);
	return json_new_number(decimal_format(d, text));
}

static cJSON *random_reference(const struct map_field *f)
{
	cJSON *ref = cJSON_CreateObject();
	_cleanup_(mem_freep) char *digits = random_digits();
	_cleanup_(mem_freep) char *text = f->by_name	    ? random_text()
					  : f->as == AS_INT ? str_dup(digits)
							    : str_format("r-%s", digits);

	for (int i = 1; i < f->part_count; i++) {
		_cleanup_(mem_freep) char *before = text;

		text = str_format("%s:%d", before, FIRST_ID + i);
	}
	json_set_text(ref, f->by_name ? "name" : "id", text);
	return ref;
}

static cJSON *random_tags(const struct map_field *f)
{
	cJSON *tags = cJSON_CreateArray();

	for (uint64_t n = below(MAX_TAGS + 1); n; n--)
		cJSON_AddItemToArray(tags, new_text(f->as == AS_COMMA ? plain_text(',') : random_text()));
	return tags;
}

static cJSON *random_value(const struct map_field *f, const char *currency);

static cJSON *random_lines(const struct map_field *f, const char *currency)
{
	cJSON *lines = cJSON_CreateArray();

	for (uint64_t n = below(MAX_LINES + 1); n; n--) {
		cJSON *line = cJSON_CreateObject();

		cJSON_AddItemToArray(lines, line);
		for (size_t i = 0; i < f->lines.count; i++) {
			const struct map_field *part = &f->lines.fields[i];
			_Bool free_place = part->at != NULL && part->write != WRITE_NEVER && below(4);

			for (size_t k = 0; k < f->lines.count; k++)
				free_place &= k == i || !json_get(line, f->lines.fields[k].field->name) ||
					      !in_the_way(part, &f->lines.fields[k]);
			cJSON *value = free_place ? random_value(part, currency) : NULL;

			if (value)
				json_set(line, part->field->name, value);
		}
	}
	return lines;
}

/* NULL: no value of this field would come back. */
static cJSON *random_value(const struct map_field *f, const char *currency)
{
	const char *word;

	switch (f->field->kind) {
	case FIELD_DATE:
		return random_date();
	case FIELD_DECIMAL:
		return random_decimal(f);
	case FIELD_MONEY:
		return json_new_int((int64_t)below(2000000000000) - 1000000000000);
	case FIELD_REF:
		return random_reference(f);
	case FIELD_TAGS:
		return random_tags(f);
	case FIELD_LINES:
		return random_lines(f, currency);
	case FIELD_BOOL:
		word = f->values ? random_word(f) : below(2) ? "true" : "false";
		return word ? cJSON_CreateBool(strcmp(word, "true") == 0) : NULL;
	default:
		return random_words(f, currency);
	}
}

/* A currency that this tool has a word for and that is read where it is written; else the company's. */
static const char *random_currency(const struct mapping *m, _Bool create)
{
	const struct map_field *f = mapping_find(m, "currency");
	const char *currency = currencies[below(ARRAY_LEN(currencies))];

	if (!f || !f->at || (f->values && !comes_back(f, currency)))
		return currencies[0];
	return currency;
}

/* A field that is sent, whose place no other of @doc has. */
static _Bool has_room(const struct mapping *m, const struct map_field *f, const cJSON *doc)
{
	for (size_t i = 0; i < m->count; i++) {
		if (&m->fields[i] != f && json_get(doc, m->fields[i].field->name) &&
			in_the_way(f, &m->fields[i]))
			return 0;
	}
	return 1;
}

/* What is inside of another record is inside of the one that @doc names. */
static void agree(const struct mapping *m, cJSON *doc)
{
	for (size_t i = 0; i < m->count; i++) {
		for (size_t k = 0; k < m->count; k++) {
			const struct map_field *in = &m->fields[i], *out = &m->fields[k];
			cJSON *inner = json_get(doc, in->field->name),
			      *outer = json_get(doc, out->field->name);
			const char *id = json_get_text(inner, "id"), *parent = json_get_text(outer, "id");
			_cleanup_(mem_freep) char *text = NULL;

			if (!is_inside(in, out) || !outer || !inner)
				continue;
			if (!id || !parent) {
				json_set(doc, in->field->name, cJSON_Duplicate(outer, 1));
				continue;
			}
			text = str_format("%s%s", parent, strchr(id, ':'));
			json_set_text(inner, "id", text);
		}
	}
}

/* What has to be there comes first. Of changes, some are null. */
static cJSON *random_doc(const struct mapping *m, _Bool create, const char *currency)
{
	cJSON *doc = cJSON_CreateObject();

	for (int needed = 1; needed >= 0; needed--) {
		for (size_t i = 0; i < m->count; i++) {
			const struct map_field *f = &m->fields[i];
			_Bool money = strcmp(f->field->name, "currency") == 0;
			cJSON *value;

			/* A new record has the currency of ours, also where it is the tool that gives it. */
			if ((f->need || money) != needed ||
				!(writes(f, create) || (money && create && f->at)) || !has_room(m, f, doc) ||
				(!f->need && !(money && create) && below(3) == 0))
				continue;
			value = !create && !money && !cJSON_IsFalse(f->clear) && below(6) == 0
					? cJSON_CreateNull()
					: random_value(f, currency);
			if (value && money)
				json_set_text(doc, "currency", currency);
			else if (value)
				json_set(doc, f->field->name, value);
			if (money)
				cJSON_Delete(value);
		}
	}
	agree(m, doc);
	return doc;
}

/* ---- the tool ---- */

/* Noon of a day, as a number. */
static cJSON *moment_of(const struct map_field *f, const char *date)
{
	struct tm t = {.tm_year = (int)strtol(date, NULL, 10) - 1900,
		.tm_mon = (int)strtol(date + 5, NULL, 10) - 1,
		.tm_mday = (int)strtol(date + 8, NULL, 10),
		.tm_hour = 12,
		.tm_isdst = -1};

	return json_new_int(f->local ? mktime(&t) : timegm(&t));
}

/* What it shows for what it was sent: the name of a row instead of its id, a moment instead of a date. */
static cJSON *shown(const struct map_field *f, const cJSON *sent)
{
	const char *name;

	if (f->lookup && f->by_name && json_scalar(sent) &&
		lookup(NULL, f->lookup, json_scalar(sent), 0, &name, NULL) == 0)
		return cJSON_CreateString(name);
	if (f->as == AS_UNIX_DATE && json_text(sent) && *json_text(sent))
		return moment_of(f, json_text(sent));
	return cJSON_Duplicate(sent, 1);
}

static _Bool moved(const struct mapping *m, const cJSON *doc)
{
	for (size_t i = 0; i < m->count; i++) {
		const struct map_field *f = &m->fields[i];

		if (f->at && (!doc || json_get(doc, f->field->name)) &&
			(strcmp(f->at, f->to) != 0 || f->as == AS_UNIX_DATE || moved(&f->lines, NULL)))
			return 1;
	}
	return 0;
}

/* The record that it keeps; where all of @doc is read where it was written, that is what was sent. NULL @doc: a line. */
static cJSON *settle(const struct mapping *m, const cJSON *doc, const cJSON *body)
{
	cJSON *record = cJSON_CreateObject();

	if (!moved(m, doc)) {
		cJSON_Delete(record);
		return cJSON_Duplicate(body, 1);
	}
	for (size_t i = 0; i < m->count; i++) {
		const struct map_field *f = &m->fields[i];
		const cJSON *sent = json_at(body, f->to), *line;
		cJSON *there;

		if (!f->at || !sent || (doc && !json_get(doc, f->field->name)))
			continue;
		there = shown(f, sent);
		if (f->lines.count && cJSON_IsArray(sent)) {
			cJSON_Delete(there);
			there = cJSON_CreateArray();
			cJSON_ArrayForEach (line, sent)
				cJSON_AddItemToArray(there, settle(&f->lines, NULL, line));
		}
		check_int(json_put(record, f->at, there), 0);
		for (int k = 1; k < f->part_count; k++)
			check_int(
				json_put(record, f->parts[k], cJSON_Duplicate(json_at(body, f->parts[k]), 1)),
				0);
		if (f->at_last)
			check_int(json_put(record, f->at_last, cJSON_Duplicate(json_at(body, f->at_last), 1)),
				0);
	}
	return record;
}

/* A record that has a currency which we do not send. */
static void give_currency(const struct mapping *m, const char *currency, cJSON *record)
{
	const struct map_field *f = mapping_find(m, "currency");
	const char *theirs;

	if (!f || !f->at || json_at(record, f->at))
		return;
	theirs = map_their_word(f, currency);
	if (f->lookup && !f->by_name)
		lookup(NULL, f->lookup, theirs, 1, &theirs, NULL);
	check_int(json_put(record, f->at, cJSON_CreateString(theirs)), 0);
}

/* ---- the property ---- */

static int told;
static long compared;

static void tell(const char *where, const char *what, const cJSON *ours, const cJSON *body, const cJSON *back)
{
	_cleanup_(mem_freep) char *a = json_print(ours);
	_cleanup_(mem_freep) char *b = body ? json_print(body) : NULL;
	_cleanup_(mem_freep) char *c = back ? json_print(back) : NULL;

	test_failures++;
	if (told++ < MAX_TOLD)
		printf("# %s: %s: %.300s was sent as %.600s and is %.300s\n", where, what, a,
			b ? b : "nothing", c ? c : "nothing");
}

/* Nothing, to the tool and to us: how it wants that to be written may be read as something else. */
static _Bool is_nothing(const cJSON *item)
{
	return !item || cJSON_IsNull(item) || (cJSON_IsArray(item) && !item->child);
}

static _Bool same(const struct map_field *f, const cJSON *sent, const cJSON *back)
{
	if (cJSON_IsNull(sent) && !is_nothing(f->empty) && !str_equal(json_text(f->empty), ""))
		return 1;
	/* What the manifest says "no value" is written as means that also when it was meant. */
	if (is_nothing(back) && f->empty && json_scalar(sent) &&
		str_equal(json_scalar(sent), json_scalar(f->empty)))
		return 1;
	if (is_nothing(sent) || is_nothing(back))
		return is_nothing(sent) && is_nothing(back);
	return map_same(f->field, sent, back);
}

static void compare(
	const char *where, const struct mapping *m, const cJSON *doc, const cJSON *body, const cJSON *back)
{
	const cJSON *sent;

	cJSON_ArrayForEach (sent, doc) {
		const struct map_field *f = mapping_find(m, sent->string);

		compared += f->at != NULL;
		if (f->at && !same(f, sent, json_get(back, sent->string)))
			tell(where, sent->string, sent, body, json_get(back, sent->string));
	}
}

/* What is sent, as the tool reads it. */
static cJSON *over_the_wire(const char *where, const cJSON *body)
{
	_cleanup_(mem_freep) char *text = json_print(body);
	cJSON *there = NULL;

	if (json_parse(text, strlen(text), JSON_STRICT, &there, NULL, NULL) < 0)
		tell(where, "no JSON", body, body, NULL);
	return there;
}

static void check_doc(const char *where, struct mapping *m, _Bool create)
{
	const char *currency = random_currency(m, create);
	_cleanup_json_ cJSON *doc = random_doc(m, create, currency);
	_cleanup_json_ cJSON *base = cJSON_CreateObject();
	_cleanup_json_ cJSON *body = NULL;
	_cleanup_json_ cJSON *there = NULL;
	_cleanup_json_ cJSON *record = NULL;
	_cleanup_json_ cJSON *back = NULL;
	struct map_env env = {
		.tool = where, .currency = currencies[0], .key = "key", .base = base, .lookup = lookup};
	struct err e = {0};
	int r;

	json_set_text(base, "currency", currency);
	r = create ? map_create(m, &env, doc, &body, &e) : map_changes(m, &env, doc, &body, &e);
	there = r == 0 ? over_the_wire(where, body) : NULL;
	if (!there) {
		tell(where, e.text, doc, body, NULL);
		return;
	}
	record = settle(m, doc, there);
	give_currency(m, currency, record);
	check_int(map_read(m, &env, record, &back, &e), 0);
	compare(where, m, doc, body, back);
}

static void check_manifest(const char *path)
{
	struct manifest *m = NULL;
	struct err e = {0};

	if (manifest_load(path, NULL, &m, &e) < 0) {
		printf("# %s\n", e.text);
		test_failures++;
		return;
	}
	for (int i = 0; i < TYPE_COUNT; i++) {
		struct manifest_type *t = &m->types[i];
		_cleanup_(mem_freep) char *where =
			t->type ? str_format("%s %s", strrchr(path, '/') + 1, t->type->name) : NULL;

		cJSON_Delete(rows);
		rows = cJSON_CreateArray();
		for (int n = 0; n < DOCS; n++) {
			if (t->create)
				check_doc(where, &t->map, 1);
			if (t->update)
				check_doc(where, &t->map, 0);
		}
	}
	cJSON_Delete(rows);
	rows = NULL;
	manifest_free(m);
}

TEST(every_manifest)
{
	const char *folder = getenv("SEAMFS_CONNECTORS"), *seed = getenv("SEAMFS_SEED");
	_cleanup_(mem_freep) char *pattern =
		str_format("%s/*.json", folder ? folder : SEAMFS_SOURCE_CONNECTORS);
	glob_t files = {0};

	state = seed ? strtoull(seed, NULL, 10) | 1 : 20261123;
	printf("# SEAMFS_SEED=%" PRIu64 "\n", state);
	log_set_level(LOG_LEVEL_ERROR);
	check_int(glob(pattern, 0, NULL, &files), 0);
	check(files.gl_pathc > 20);
	for (size_t i = 0; i < files.gl_pathc; i++)
		check_manifest(files.gl_pathv[i]);
	globfree(&files);
	printf("# %ld values compared\n", compared);
	check(compared > 100000);
	if (told > MAX_TOLD)
		printf("# … and %d more\n", told - MAX_TOLD);
}

TEST_MAIN(TEST_RUN(every_manifest))
