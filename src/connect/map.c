/* SPDX-License-Identifier: Apache-2.0 */
/* Reading: the tool's JSON as a doc. */
#include "connect/map.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "seamfs/base/buf.h"
#include "seamfs/base/clock.h"
#include "seamfs/base/log.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/date.h"
#include "seamfs/codec/decimal.h"
#include "seamfs/codec/json.h"

struct map_field *mapping_find(const struct mapping *m, const char *name)
{
	for (size_t i = 0; i < m->count; i++) {
		if (strcmp(m->fields[i].field->name, name) == 0)
			return &m->fields[i];
	}
	return NULL;
}

uint64_t mapping_reads(const struct mapping *m, const struct type *type)
{
	uint64_t set = 0;

	for (size_t i = 0; i < m->count; i++)
		set |= m->fields[i].at ? field_bit(type, m->fields[i].field) : 0;
	return set;
}

_Bool map_apart(const struct map_field *f)
{
	return f->write == WRITE_STEP || (f->send && f->write == WRITE_ALWAYS);
}

uint64_t mapping_writes(const struct mapping *m, const struct type *type, _Bool create, _Bool whole)
{
	uint64_t set = 0;

	for (size_t i = 0; i < m->count; i++) {
		const struct map_field *f = &m->fields[i];

		if (map_apart(f) || (whole && f->write == WRITE_ALWAYS) ||
			(create && f->write == WRITE_CREATE))
			set |= field_bit(type, f->field);
	}
	return set;
}

/* "/Date(1795000000000+0000)/": milliseconds since 1970; what stands behind them is for display */
static int msdate_parse(const char *text, int64_t *ret_ms)
{
	char *end;

	if (strncmp(text, "/Date(", 6) != 0)
		return -EINVAL;
	*ret_ms = strtoll(text + 6, &end, 10);
	return end > text + 6 && strchr("+-)", *end) ? 0 : -EINVAL;
}

/* A moment that is written as a number, or as a number in a text. */
static int number_parse(const char *text, int64_t factor, int64_t *ret_ms)
{
	struct decimal d;

	if (decimal_parse(text, &d) < 0 || d.scale || d.mantissa > INT64_MAX / 1000 ||
		d.mantissa < -INT64_MAX / 1000)
		return -EINVAL;
	*ret_ms = d.mantissa * factor;
	return 0;
}

static int moment_parse(const char *text, enum map_as as, int64_t *ret_ms)
{
	if (as == AS_UNIX || as == AS_UNIX_DATE || as == AS_UNIX_MS)
		return number_parse(text, as == AS_UNIX_MS ? 1 : 1000, ret_ms);
	return as == AS_MSDATE ? msdate_parse(text, ret_ms) : instant_parse(text, ret_ms);
}

int64_t map_instant(const cJSON *record, const char *at, enum map_as as)
{
	const char *text = at ? json_scalar(json_at(record, at)) : NULL;
	int64_t ms = 0;

	return text && moment_parse(text, as, &ms) == 0 ? ms : 0;
}

static _Bool is_empty(const cJSON *item)
{
	return !item || cJSON_IsNull(item) || (json_text(item) && !*json_text(item));
}

/* What a tool has for "no value", such as 0 for a date or false for a text. Of numbers and of yes or no these are values. */
static _Bool means_nothing(const struct map_field *m, const cJSON *item)
{
	enum field_kind kind = m->field->kind;

	return m->empty && !m->values && kind != FIELD_BOOL && kind != FIELD_DECIMAL && kind != FIELD_MONEY &&
	       str_equal(json_scalar(m->empty), json_scalar(item));
}

/* "*" in the manifest stands for every value that nothing else names. */
const char *map_our_word(const struct map_field *f, const char *theirs)
{
	const char *other = NULL;
	const cJSON *ours, *one;

	if (!f->values)
		return theirs;
	cJSON_ArrayForEach (ours, f->values) {
		if (str_equal(json_scalar(ours), theirs))
			return ours->string;
		cJSON_ArrayForEach (one, ours) {
			if (str_equal(json_scalar(one), theirs))
				return ours->string;
			if (str_equal(json_text(one), "*"))
				other = ours->string;
		}
	}
	return other;
}

const char *map_their_word(const struct map_field *f, const char *ours)
{
	const cJSON *theirs = json_get(f->values, ours);

	if (!f->values)
		return ours;
	return json_scalar(cJSON_IsArray(theirs) ? theirs->child : theirs);
}

int map_state(
	const struct map_field *f, const struct map_env *env, const cJSON *record, char **ret, struct err *e)
{
	const char *text = json_scalar(json_at(record, f->at));
	int r = 0;

	if (f->lookup && !f->by_name && text)
		r = env->lookup(env->context, f->lookup, text, 0, &text, e);
	if (r < 0)
		return r;
	*ret = str_dup(text);
	return 0;
}

/* The date of a moment where this machine is. */
static void date_of_moment(int64_t ms, char date[CLOCK_UTC_SIZE])
{
	time_t seconds = (time_t)(ms >= 0 ? ms / 1000 : (ms - 999) / 1000);
	struct tm local;

	localtime_r(&seconds, &local);
	snprintf(date, CLOCK_UTC_SIZE, "%04d-%02d-%02d", local.tm_year + 1900, local.tm_mon + 1,
		local.tm_mday);
}

/* The read_* functions return the value in our form, or NULL when it does not fit the field. */

/* Line ends as on this system; what a browser's form sends has CR LF. */
static cJSON *read_text(const char *text)
{
	_cleanup_(mem_freep) char *copy = str_dup(text);
	char *to = copy;

	for (const char *p = copy; *p; p++) {
		if (p[0] != '\r' || p[1] != '\n')
			*to++ = *p;
	}
	*to = '\0';
	return cJSON_CreateString(copy);
}

static cJSON *read_choice(const struct map_field *m, const char *text)
{
	return field_allows(m->field, text) ? cJSON_CreateString(text) : NULL;
}

static cJSON *read_bool(const char *text)
{
	if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
		return NULL;
	return cJSON_CreateBool(text[0] == 't');
}

static cJSON *read_date(const struct map_field *m, const char *text)
{
	char date[CLOCK_UTC_SIZE];
	int64_t ms;

	if (m->as == AS_UNIX || m->as == AS_UNIX_DATE || m->as == AS_UNIX_MS || m->as == AS_MSDATE ||
		m->local) {
		if (moment_parse(text, m->as, &ms) < 0)
			return NULL;
		if (m->local)
			date_of_moment(ms, date);
		else
			clock_format_utc(ms, date);
		date[10] = '\0';
	} else if (date_parse(text, NULL, date) < 0) {
		return NULL;
	}
	/* A number may lie outside of the calendar. */
	return date_valid(date) ? cJSON_CreateString(date) : NULL;
}

static cJSON *read_date_parts(const cJSON *item)
{
	int64_t year = 0, month = 0, day = 0;
	char date[40];

	if (json_int64(json_get(item, "year"), &year) < 0 ||
		json_int64(json_get(item, "month"), &month) < 0 ||
		json_int64(json_get(item, "day"), &day) < 0)
		return NULL;
	snprintf(date, sizeof(date), "%04d-%02d-%02d", (int)year, (int)month, (int)day);
	return date_valid(date) ? cJSON_CreateString(date) : NULL;
}

/* Seconds or minutes as hours, to four digits: less than half a second is lost. */
static cJSON *hours(int64_t seconds)
{
	struct decimal d = {(seconds * 10000 + (seconds < 0 ? -1800 : 1800)) / 3600, 4};
	char digits[DECIMAL_SIZE];

	while (d.scale && d.mantissa % 10 == 0) {
		d.mantissa /= 10;
		d.scale--;
	}
	return json_new_number(decimal_format(d, digits));
}

enum { MAX_SECONDS = INT32_MAX }; /* 68 years */

/* "PT1H30M" (ISO 8601); no years or months, which have no length. -1 for anything else. */
static int64_t duration_seconds(const char *text)
{
	static const struct {
		char unit;
		_Bool time;
		int64_t seconds;
	} units[] = {{'W', 0, 604800}, {'D', 0, 86400}, {'H', 1, 3600}, {'M', 1, 60}, {'S', 1, 1}};
	int64_t sum = 0;
	_Bool time = 0;

	if (*text++ != 'P' || !*text)
		return -1;
	while (*text) {
		char *end;
		int64_t n;
		size_t i = 0;

		if (*text == 'T' && !time) {
			time = 1;
			text++;
		}
		n = strtoll(text, &end, 10);
		/* Parts of a second are not hours that anybody bills. */
		if (*end == '.')
			end += 1 + strspn(end + 1, "0123456789");
		while (i < ARRAY_LEN(units) && (units[i].unit != *end || units[i].time != time))
			i++;
		if (end == text || *text == '-' || n > 100000000 || i == ARRAY_LEN(units))
			return -1;
		sum += n * units[i].seconds;
		if (sum > MAX_SECONDS)
			return -1;
		text = end + 1;
	}
	return sum;
}

/* "01:30" and "100:05"; -1 for anything else */
static int64_t clock_seconds(const char *text)
{
	size_t digits = strspn(text, "0123456789");
	const char *minutes = text + digits + 1;

	if (!digits || digits > 6 || text[digits] != ':' || strspn(minutes, "0123456789") != 2 ||
		minutes[2] || minutes[0] > '5')
		return -1;
	return strtoll(text, NULL, 10) * 3600 + strtoll(minutes, NULL, 10) * 60;
}

static cJSON *read_decimal(const struct map_field *m, const char *text)
{
	char digits[DECIMAL_SIZE];
	struct decimal d;

	if (m->as == AS_DURATION || m->as == AS_CLOCK) {
		int64_t seconds = m->as == AS_CLOCK ? clock_seconds(text) : duration_seconds(text);

		return seconds < 0 ? NULL : hours(seconds);
	}
	if (decimal_parse(text, &d) < 0)
		return NULL;
	if (m->as == AS_SECONDS || m->as == AS_MILLISECONDS || m->as == AS_MINUTES)
		return d.scale || d.mantissa > INT64_MAX / 1000000 || d.mantissa < 0
			       ? NULL
			       : hours(m->as == AS_MILLISECONDS ? (d.mantissa + 500) / 1000
					 : m->as == AS_MINUTES	? d.mantissa * 60
								: d.mantissa);
	return json_new_number(decimal_format(d, digits));
}

static cJSON *read_money(const struct map_field *m, const char *text, const char *currency)
{
	struct decimal d;
	int64_t minor;

	if (m->as == AS_MINOR)
		return decimal_parse(text, &d) < 0 || d.scale ? NULL : json_new_int(d.mantissa);
	return money_parse(text, currency, &minor) < 0 ? NULL : json_new_int(minor);
}

static cJSON *read_reference(const struct map_field *m, const char *text)
{
	cJSON *ref = cJSON_CreateObject();

	json_set_text(ref, m->by_name ? "name" : "id", text);
	return ref;
}

static cJSON *read_tags(const struct map_field *m, const cJSON *item)
{
	cJSON *tags, *one;

	if (!cJSON_IsArray(item))
		return NULL;
	tags = cJSON_CreateArray();
	cJSON_ArrayForEach (one, item) {
		const char *text = json_text(m->item ? json_at(one, m->item) : one);

		if (text && *text)
			cJSON_AddItemToArray(tags, cJSON_CreateString(text));
	}
	return tags;
}

/* "a, b,c": blanks around a comma are none of a tag's */
static cJSON *read_comma(const char *text)
{
	cJSON *tags = cJSON_CreateArray();

	while (*text) {
		size_t len = strcspn(text, ","), start = strspn(text, " "), end = len;

		while (end > start && text[end - 1] == ' ')
			end--;
		if (end > start) {
			_cleanup_(mem_freep) char *tag = mem_dup(text + start, end - start);

			cJSON_AddItemToArray(tags, cJSON_CreateString(tag));
		}
		text += len + (text[len] == ',');
	}
	return tags;
}

static cJSON *read_scalar(const struct map_field *m, const char *text, const char *currency)
{
	switch (m->field->kind) {
	case FIELD_CHOICE:
		return read_choice(m, text);
	case FIELD_BOOL:
		return read_bool(text);
	case FIELD_DATE:
		return read_date(m, text);
	case FIELD_DECIMAL:
		return read_decimal(m, text);
	case FIELD_MONEY:
		return read_money(m, text, currency);
	case FIELD_REF:
		return read_reference(m, text);
	case FIELD_TEXT:
	case FIELD_LONG_TEXT:
	case FIELD_EMAIL:
	case FIELD_PHONE:
	case FIELD_URL:
		return read_text(text);
	case FIELD_TAGS:
	case FIELD_LINES:
		return NULL;
	}
	return NULL;
}

static void warn_unfit(struct map_field *m, const struct map_env *env, const cJSON *item)
{
	_cleanup_(mem_freep) char *text = json_print(item);

	if (!m->warned)
		log_warning("connect",
			"%s: what stands at %s is no %s for our field %s, shown as empty: %.80s", env->tool,
			m->at, field_kind_name(m->field->kind), m->field->name, text);
	m->warned = 1;
}

static int read_field(struct map_field *m, const struct map_env *env, const cJSON *item, const char *currency,
	cJSON **ret, struct err *e);

static cJSON *read_lines(
	struct map_field *m, const struct map_env *env, const cJSON *list, const char *currency)
{
	const cJSON *line;
	cJSON *lines;

	if (!cJSON_IsArray(list))
		return NULL;
	lines = cJSON_CreateArray();
	cJSON_ArrayForEach (line, list) {
		cJSON *ours = cJSON_CreateObject();

		for (size_t i = 0; i < m->lines.count; i++) {
			struct map_field *part = &m->lines.fields[i];
			cJSON *value = NULL;

			/* Lines have no lookups, so this cannot fail. */
			read_field(
				part, env, part->at ? json_at(line, part->at) : NULL, currency, &value, NULL);
			if (cJSON_IsNull(value))
				cJSON_Delete(value);
			else
				json_set(ours, part->field->name, value);
		}
		cJSON_AddItemToArray(lines, ours);
	}
	return lines;
}

/* Gives null for "no value" and for what does not fit. Returns 0 or the -errno of a lookup. */
static int read_field(struct map_field *m, const struct map_env *env, const cJSON *item, const char *currency,
	cJSON **ret, struct err *e)
{
	const char *text = json_scalar(item);
	cJSON *value = NULL;
	int r = 0;

	if (is_empty(item) || means_nothing(m, item)) {
		*ret = cJSON_CreateNull();
		return 0;
	}
	if (m->lookup && !m->by_name && text)
		r = env->lookup(env->context, m->lookup, text, 0, &text, e);
	if (r < 0 && r != -ENOENT)
		return r;
	if (text)
		text = map_our_word(m, text);
	if (m->field->kind == FIELD_LINES)
		value = read_lines(m, env, item, currency);
	else if (m->field->kind == FIELD_TAGS)
		value = m->as == AS_COMMA && text ? read_comma(text) : read_tags(m, item);
	else if (m->as == AS_DATE_PARTS)
		value = read_date_parts(item);
	else if (text && r == 0)
		value = read_scalar(m, text, currency);
	if (!value)
		warn_unfit(m, env, item);
	*ret = value ? value : cJSON_CreateNull();
	return 0;
}

/* A text whose last word has a place of its own, such as a person's name. */
static cJSON *read_joined(const struct map_field *f, const cJSON *record)
{
	const char *first = json_scalar(json_at(record, f->at)),
		   *last = json_scalar(json_at(record, f->at_last));
	_cleanup_(mem_freep) char *text = NULL;

	first = first ? first : "";
	last = last ? last : "";
	text = str_format("%s%s%s", first, *first && *last ? " " : "", last);
	return cJSON_CreateString(text);
}

/* A reference whose id is in several places; NULL where one of them is empty. */
static cJSON *read_parts(const struct map_field *f, const cJSON *record)
{
	_cleanup_(buf_finish) struct buf id = BUF_INIT(BUF_MAX_TEXT);

	for (int i = 0; i < f->part_count; i++) {
		const char *text = json_scalar(json_at(record, f->parts[i]));

		if (!text || !*text)
			return NULL;
		buf_printf(&id, "%s%s", i ? ":" : "", text);
	}
	return cJSON_CreateString(buf_text(&id));
}

int map_read(struct mapping *m, const struct map_env *env, const cJSON *record, cJSON **ret, struct err *e)
{
	struct map_field *money = mapping_find(m, "currency");
	_cleanup_json_ cJSON *doc = cJSON_CreateObject();
	_cleanup_json_ cJSON *own = NULL;
	const char *currency;
	_Bool unknown;
	int r = 0;

	/* As we call it: the tool may keep its number in a table, or small letters. */
	if (money && money->at)
		r = read_field(money, env, json_at(record, money->at), NULL, &own, e);
	if (r < 0)
		return r;
	currency = json_text(own) && currency_valid(json_text(own)) ? json_text(own) : env->currency;
	/* Of a currency that we do not know an amount would be a wrong one. */
	unknown = money && money->at && !is_empty(json_at(record, money->at)) && currency != json_text(own);
	for (size_t i = 0; i < m->count; i++) {
		struct map_field *f = &m->fields[i];
		_cleanup_json_ cJSON *joined = NULL;
		cJSON *value = NULL;

		if (!f->at)
			continue;
		if (f->at_last)
			joined = read_joined(f, record);
		if (f->part_count)
			joined = read_parts(f, record);
		r = read_field(f, env, joined || f->part_count ? joined : json_at(record, f->at), currency,
			&value, e);
		if (r < 0)
			return r;
		if (unknown && (f->field->kind == FIELD_MONEY || f->field->kind == FIELD_LINES)) {
			cJSON_Delete(value);
			value = cJSON_CreateNull();
		}
		json_set(doc, f->field->name, value);
	}
	*ret = doc;
	doc = NULL;
	return 0;
}

static _Bool same_number(const cJSON *a, const cJSON *b)
{
	struct decimal da, db;

	if (!json_number(a) || !json_number(b) || decimal_parse(json_number(a), &da) < 0 ||
		decimal_parse(json_number(b), &db) < 0)
		return json_equal(a, b);
	return da.mantissa == db.mantissa && da.scale == db.scale;
}

static _Bool same_reference(const cJSON *a, const cJSON *b)
{
	const char *ia = json_get_text(a, "id"), *ib = json_get_text(b, "id");

	return ia && ib ? strcmp(ia, ib) == 0 : str_equal(json_get_text(a, "name"), json_get_text(b, "name"));
}

static _Bool same_lines(const struct field *line, const cJSON *a, const cJSON *b)
{
	const cJSON *x = a->child, *y = b->child;

	for (; x && y; x = x->next, y = y->next) {
		for (const struct field *f = line; f->name; f++) {
			if (!map_same(f, json_get(x, f->name), json_get(y, f->name)))
				return 0;
		}
	}
	return !x && !y;
}

_Bool map_same(const struct field *field, const cJSON *a, const cJSON *b)
{
	if (!a || cJSON_IsNull(a) || !b || cJSON_IsNull(b))
		return json_equal(a, b);
	if (field->kind == FIELD_DECIMAL || field->kind == FIELD_MONEY)
		return same_number(a, b);
	if (field->kind == FIELD_REF)
		return same_reference(a, b);
	if (field->kind == FIELD_LINES)
		return same_lines(field->line, a, b);
	return json_equal(a, b);
}
