/* SPDX-License-Identifier: Apache-2.0 */
/* Writing: values of a doc in the tool's form. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <utf8proc.h>

#include "connect/map_write.h"
#include "connect/stable.h"
#include "seamfs/base/clock.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/date.h"
#include "seamfs/codec/decimal.h"
#include "seamfs/codec/json.h"

enum { SLUG_MAX = 60 };

static int wrong(const struct map_field *m, const struct map_env *env, const char *want, struct err *e)
{
	return err_field(e, EINVAL, m->field->name, "%s takes only %s here", env->tool, want);
}

/* A text as the JSON value that the manifest asks for. */
static int typed(
	const struct map_field *m, const struct map_env *env, const char *text, cJSON **ret, struct err *e)
{
	if (m->as != AS_INT) {
		*ret = cJSON_CreateString(text);
		return 0;
	}
	if (!json_whole(text))
		return wrong(m, env, "a whole number", e);
	*ret = json_new_number(text);
	return 0;
}

/* The tool's value for one of our words: what stands in the manifest, or the first of a list. */
static int their_value(
	const struct map_field *m, const struct map_env *env, const char *ours, cJSON **ret, struct err *e)
{
	const cJSON *theirs = json_get(m->values, ours);

	if (cJSON_IsArray(theirs))
		theirs = theirs->child;
	if (!theirs)
		return err_field(
			e, EINVAL, m->field->name, "%s has nothing that means \"%s\"", env->tool, ours);
	*ret = cJSON_Duplicate(theirs, 1);
	return 0;
}

static int write_lookup(
	const struct map_field *m, const struct map_env *env, const char *name, cJSON **ret, struct err *e)
{
	const char *id;
	int r = env->lookup(env->context, m->lookup, name, 1, &id, e);

	if (r == -ENOENT && e) {
		e->code = EINVAL;
		snprintf(e->field, sizeof(e->field), "%s", m->field->name);
	}
	if (r < 0)
		return r == -ENOENT ? -EINVAL : r;
	return typed(m, env, id, ret, e);
}

/* Where the manifest says this word: as a number, perhaps. */
static const cJSON *their_item(const cJSON *values, const char *theirs)
{
	const cJSON *ours, *one;

	cJSON_ArrayForEach (ours, values) {
		if (str_equal(json_scalar(ours), theirs))
			return ours;
		cJSON_ArrayForEach (one, ours) {
			if (str_equal(json_scalar(one), theirs))
				return one;
		}
	}
	return NULL;
}

int map_put_state(
	const struct map_field *f, const struct map_env *env, const char *theirs, cJSON *body, struct err *e)
{
	const cJSON *own = f->lookup ? NULL : their_item(f->values, theirs);
	cJSON *value = own ? cJSON_Duplicate(own, 0) : NULL;
	int r = 0;

	if (!value)
		r = f->lookup ? write_lookup(f, env, theirs, &value, e) : typed(f, env, theirs, &value, e);
	return r < 0 ? r : json_put(body, f->to, value);
}

static int write_text(
	const struct map_field *m, const struct map_env *env, const cJSON *item, cJSON **ret, struct err *e)
{
	const char *text = json_scalar(item);
	_cleanup_json_ cJSON *theirs = NULL;
	int r;

	if (!text)
		return wrong(m, env, "a text", e);
	if (m->values) {
		r = their_value(m, env, text, &theirs, e);
		if (r < 0)
			return r;
		text = json_scalar(theirs);
	}
	if (m->lookup)
		return write_lookup(m, env, text, ret, e);
	if (theirs) {
		*ret = theirs;
		theirs = NULL;
		return 0;
	}
	return typed(m, env, text, ret, e);
}

/* Noon where this machine is: the same day in all zones that a business deals with. */
static int64_t noon_of(const char *date)
{
	struct tm t = {.tm_year = (int)strtol(date, NULL, 10) - 1900,
		.tm_mon = (int)strtol(date + 5, NULL, 10) - 1,
		.tm_mday = (int)strtol(date + 8, NULL, 10),
		.tm_hour = 12,
		.tm_isdst = -1};

	return mktime(&t) * INT64_C(1000);
}

static int write_date(
	const struct map_field *m, const struct map_env *env, const cJSON *item, cJSON **ret, struct err *e)
{
	const char *date = json_text(item);
	char stamp[CLOCK_UTC_SIZE];
	int64_t ms = 0;

	if (!date || !date_valid(date))
		return wrong(m, env, "a date (YYYY-MM-DD)", e);
	snprintf(stamp, sizeof(stamp), "%sT00:00:00Z", date);
	instant_parse(stamp, &ms);
	if (m->local) {
		ms = noon_of(date);
		clock_format_utc(ms, stamp);
	}
	if (m->as == AS_UNIX || m->as == AS_UNIX_MS) {
		*ret = json_new_int(m->as == AS_UNIX ? ms / 1000 : ms);
	} else if (m->as == AS_MSDATE) {
		snprintf(stamp, sizeof(stamp), "/Date(%lld)/", (long long)ms);
		*ret = cJSON_CreateString(stamp);
	} else if (m->as == AS_DATE_PARTS) {
		*ret = cJSON_CreateObject();
		json_set(*ret, "year", json_new_int(strtol(date, NULL, 10)));
		json_set(*ret, "month", json_new_int(strtol(date + 5, NULL, 10)));
		json_set(*ret, "day", json_new_int(strtol(date + 8, NULL, 10)));
	} else {
		*ret = cJSON_CreateString(m->as == AS_DATETIME ? stamp : date);
	}
	return 0;
}

/* Hours as whole seconds, rounded half up; -1 for what is no length of time. */
static int64_t seconds_of(const char *digits)
{
	struct decimal hours;
	int64_t unit = 1;

	if (decimal_parse(digits, &hours) < 0 || hours.mantissa < 0 || hours.mantissa > INT64_MAX / 7200 ||
		hours.scale > 9)
		return -1;
	for (unsigned i = 0; i < hours.scale; i++)
		unit *= 10;
	return (hours.mantissa * 3600 + unit / 2) / unit;
}

static int write_hours(
	const struct map_field *m, const struct map_env *env, const char *digits, cJSON **ret, struct err *e)
{
	int64_t seconds = seconds_of(digits), minutes = (seconds + 30) / 60;
	char text[64];

	if (seconds < 0)
		return wrong(m, env, "a number of hours", e);
	if (m->as == AS_SECONDS || m->as == AS_MILLISECONDS || m->as == AS_MINUTES) {
		*ret = json_new_int(m->as == AS_SECONDS	       ? seconds
				    : m->as == AS_MILLISECONDS ? seconds * 1000
							       : minutes);
		return 0;
	}
	if (m->as == AS_CLOCK)
		snprintf(text, sizeof(text), "%02" PRId64 ":%02" PRId64, minutes / 60, minutes % 60);
	else
		snprintf(text, sizeof(text), "PT%" PRId64 "H%" PRId64 "M%" PRId64 "S", seconds / 3600,
			seconds / 60 % 60, seconds % 60);
	*ret = cJSON_CreateString(text);
	return 0;
}

static int write_tags(
	const struct map_field *m, const struct map_env *env, const cJSON *tags, cJSON **ret, struct err *e)
{
	struct buf text = BUF_INIT(BUF_MAX_RECORD);
	const cJSON *tag;

	if (!cJSON_IsArray(tags))
		return wrong(m, env, "a list of texts", e);
	*ret = m->as == AS_COMMA ? NULL : cJSON_CreateArray();
	cJSON_ArrayForEach (tag, tags) {
		cJSON *element;

		if (m->as == AS_COMMA) {
			buf_printf(&text, "%s%s", text.len ? ", " : "", json_text(tag) ? json_text(tag) : "");
			continue;
		}
		element = m->item ? cJSON_CreateObject() : cJSON_Duplicate(tag, 1);
		if (m->item)
			json_put(element, m->item, cJSON_Duplicate(tag, 1));
		cJSON_AddItemToArray(*ret, element);
	}
	if (m->as == AS_COMMA)
		*ret = cJSON_CreateString(buf_text(&text));
	buf_finish(&text);
	return 0;
}

static int write_number(const struct map_field *m, const struct map_env *env, const cJSON *item,
	const char *currency, cJSON **ret, struct err *e)
{
	_Bool money = m->field->kind == FIELD_MONEY;
	char text[DECIMAL_SIZE];
	const char *digits = json_number(item);
	int64_t minor;

	if (!digits || (money && json_int64(item, &minor) < 0))
		return wrong(m, env, "a number", e);
	if (m->as >= AS_SECONDS && m->as <= AS_DURATION)
		return write_hours(m, env, digits, ret, e);
	if (money && m->as != AS_MINOR)
		digits = money_format(minor, currency, text);
	*ret = m->as == AS_DECIMAL_TEXT ? cJSON_CreateString(digits) : json_new_number(digits);
	return 0;
}

/* Positive: nothing to send, because the tool does not have the other record. */
static int write_reference(
	const struct map_field *m, const struct map_env *env, const cJSON *item, cJSON **ret, struct err *e)
{
	const char *text = json_get_text(item, m->by_name ? "name" : "id");
	const char *name = json_get_text(item, "name");

	if (text)
		return typed(m, env, text, ret, e);
	if (!cJSON_IsObject(item))
		return wrong(m, env, "a reference", e);
	err_field(e, EAGAIN, m->field->name, "%s does not have this %s yet: %s", env->tool, m->field->name,
		name ? name : "(no name)");
	if (e)
		e->retry = ERR_LATER;
	return 1;
}

static int write_value(const struct map_field *m, const struct map_env *env, const cJSON *item,
	const char *currency, cJSON **ret, struct err *e);

char *map_along_field(const cJSON *along)
{
	const char *text = json_text(along);
	size_t len = text ? strlen(text) : 0;

	return len > 2 && text[0] == '{' && text[len - 1] == '}' ? mem_dup(text + 1, len - 2) : NULL;
}

/* What goes along with a value: a constant, or "{field}", which is another field of the record in the tool's form. */
static int put_along(const struct map_field *f, const struct map_env *env, const char *currency, cJSON *body,
	struct err *e)
{
	const cJSON *along;

	cJSON_ArrayForEach (along, f->with) {
		_cleanup_(mem_freep) char *name = map_along_field(along);
		const struct map_field *other = name ? mapping_find(env->map, name) : NULL;
		const cJSON *ours = other ? json_get(env->doc, name) : NULL;
		cJSON *value = NULL;
		int r = 0;

		if (other && !ours)
			ours = json_get(env->base, name);
		if (!other)
			value = cJSON_Duplicate(along, 1);
		else if (ours && !cJSON_IsNull(ours))
			r = write_value(other, env, ours, currency, &value, e);
		if (r < 0)
			return r;
		r = value ? json_put(body, along->string, value) : 0;
		if (r < 0)
			return err_field(e, EINVAL, f->field->name, "%s: there is no place at %s", env->tool,
				along->string);
	}
	return 0;
}

static int write_part(const struct map_field *part, const struct map_env *env, const cJSON *ours,
	const char *currency, cJSON *line, struct err *e)
{
	cJSON *value = NULL;
	int r;

	if (!ours || cJSON_IsNull(ours) || part->write == WRITE_NEVER)
		return 0;
	r = write_value(part, env, ours, currency, &value, e);
	if (r == 0)
		r = json_put(line, part->to, value);
	return r == 0 ? put_along(part, env, currency, line, e) : r;
}

static int write_lines(const struct map_field *m, const struct map_env *env, const cJSON *lines,
	const char *currency, cJSON **ret, struct err *e)
{
	_cleanup_json_ cJSON *list = cJSON_CreateArray();
	const cJSON *line;
	int r = 0;

	if (!cJSON_IsArray(lines))
		return wrong(m, env, "a list", e);
	cJSON_ArrayForEach (line, lines) {
		cJSON *theirs = cJSON_CreateObject();

		cJSON_AddItemToArray(list, theirs);
		for (size_t i = 0; r == 0 && i < m->lines.count; i++) {
			const struct map_field *part = &m->lines.fields[i];

			r = write_part(part, env, json_get(line, part->field->name), currency, theirs, e);
		}
		if (r < 0)
			return r;
	}
	*ret = list;
	list = NULL;
	return 0;
}

static int write_value(const struct map_field *m, const struct map_env *env, const cJSON *item,
	const char *currency, cJSON **ret, struct err *e)
{
	switch (m->field->kind) {
	case FIELD_DATE:
		return write_date(m, env, item, ret, e);
	case FIELD_DECIMAL:
	case FIELD_MONEY:
		return write_number(m, env, item, currency, ret, e);
	case FIELD_REF:
		return write_reference(m, env, item, ret, e);
	case FIELD_LINES:
		return write_lines(m, env, item, currency, ret, e);
	case FIELD_TAGS:
		return write_tags(m, env, item, ret, e);
	case FIELD_BOOL:
		if (m->values)
			return write_text(m, env, item, ret, e);
		if (!cJSON_IsBool(item))
			return wrong(m, env, "true or false", e);
		*ret = cJSON_Duplicate(item, 0);
		return 0;
	case FIELD_TEXT:
	case FIELD_LONG_TEXT:
	case FIELD_EMAIL:
	case FIELD_PHONE:
	case FIELD_URL:
	case FIELD_CHOICE:
		return write_text(m, env, item, ret, e);
	}
	return -EINVAL;
}

/* Appends letters and digits of ASCII, marks taken off ("Ü" gives "u"); all between them becomes one '-'. */
static void add_slug(struct buf *b, const char *text)
{
	utf8proc_uint8_t *plain = NULL;

	utf8proc_map((const utf8proc_uint8_t *)text, 0, &plain,
		UTF8PROC_NULLTERM | UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_STRIPMARK |
			UTF8PROC_CASEFOLD);
	for (const utf8proc_uint8_t *p = plain; p && *p && b->len < SLUG_MAX; p++) {
		if (*p < 0x80 && isalnum(*p))
			buf_putc(b, (char)*p);
		else if (b->len && b->data[b->len - 1] != '-')
			buf_putc(b, '-');
	}
	free(plain);
}

/*
 * An identifier that a person can read and that no other record has: the tail comes from the idempotency key,
 * so a create that is tried again makes the same one.
 */
static cJSON *make_slug(const char *text, const char *key)
{
	struct buf b = BUF_INIT(SLUG_MAX * 2);
	cJSON *slug;

	add_slug(&b, text);
	if (!b.len)
		buf_puts(&b, "record");
	if (b.data[b.len - 1] != '-')
		buf_putc(&b, '-');
	buf_printf(&b, "%04" PRIx64, stable_hash(key ? key : text, 0) & 0xffff);
	slug = cJSON_CreateString(buf_text(&b));
	buf_finish(&b);
	return slug;
}

/* The currency of the money in @doc: its own, that of the record it changes, or the company's. */
static const char *currency_of(const cJSON *doc, const struct map_env *env)
{
	const char *currency = json_get_text(doc, "currency");

	if (!currency)
		currency = json_get_text(env->base, "currency");
	return currency && currency_valid(currency) ? currency : env->currency;
}

/* An id of several parts, each in its place; null takes them all away. */
static int put_parts(const struct map_field *f, cJSON *body, const cJSON *value)
{
	const char *text = json_text(value);
	int r = 0;

	for (int i = 0; i < f->part_count && r == 0; i++) {
		size_t len = text && i + 1 < f->part_count ? strcspn(text, ":") : text ? strlen(text) : 0;
		_cleanup_(mem_freep) char *part = text ? mem_dup(text, len) : NULL;

		r = json_put(body, f->parts[i], part ? cJSON_CreateString(part) : cJSON_CreateNull());
		text = text && text[len] ? text + len + 1 : text ? text + len : NULL;
	}
	return r;
}

/* Puts a field's value where the tool wants it, and what belongs to it. Takes @value. */
static int put_value(
	const struct map_field *f, const struct map_env *env, cJSON *body, cJSON *value, struct err *e)
{
	const char *text = json_text(value), *blank = f->at_last && text ? strrchr(text, ' ') : NULL;
	int r;

	if (f->part_count) {
		r = put_parts(f, body, value);
		cJSON_Delete(value);
	} else if (f->at_last) {
		_cleanup_(mem_freep) char *first =
			blank ? mem_dup(text, (size_t)(blank - text)) : str_dup("");

		r = json_put(body, f->at, cJSON_CreateString(first));
		if (r == 0)
			r = json_put(body, f->at_last,
				cJSON_CreateString(blank  ? blank + 1
						   : text ? text
							  : ""));
		cJSON_Delete(value);
	} else {
		r = json_put(body, f->to, value);
	}
	if (r < 0)
		return err_field(e, EINVAL, f->field->name, "%s: there is no place at %s", env->tool, f->to);
	return put_along(f, env, currency_of(env->doc, env), body, e);
}

/* What a field is when it has no value: null, an empty list, or what the manifest says. */
static int put_nothing(const struct map_field *f, const struct map_env *env, cJSON *body, struct err *e)
{
	_Bool list = f->field->kind == FIELD_LINES || (f->field->kind == FIELD_TAGS && f->as == AS_TAGS);
	const cJSON *clear;
	int r = 0;

	if (cJSON_IsBool(f->clear))
		return err_field(e, EPERM, f->field->name, "%s does not let \"%s\" be taken away", env->tool,
			f->field->name);
	cJSON_ArrayForEach (clear, f->clear)
		r = r < 0 ? r : json_put(body, clear->string, cJSON_Duplicate(clear, 1));
	if (r < 0)
		return err_field(e, EINVAL, f->field->name, "%s: there is no place for nothing", env->tool);
	if (f->clear)
		return 0;
	return put_value(f, env, body,
		f->empty ? cJSON_Duplicate(f->empty, 1)
		: list	 ? cJSON_CreateArray()
			 : cJSON_CreateNull(),
		e);
}

/* A tool without a place for the currency has its amounts in the company's: in another one they would be wrong, unseen. */
static int check_currency(const struct map_env *env, struct err *e)
{
	const char *wanted = json_get_text(env->doc, "currency"), *own = env->currency;
	const struct map_field *place = mapping_find(env->map, "currency");

	/* One that is only read is that of the record as the tool has it. */
	if (place && place->write == WRITE_NEVER && json_get_text(env->base, "currency"))
		own = json_get_text(env->base, "currency");
	if (!wanted || strcmp(wanted, own) == 0 || (place && place->write != WRITE_NEVER))
		return 0;
	for (size_t i = 0; i < env->map->count; i++) {
		const struct map_field *f = &env->map->fields[i];
		const cJSON *ours = json_get(env->doc, f->field->name);

		if ((f->field->kind == FIELD_MONEY || f->field->kind == FIELD_LINES) &&
			f->write != WRITE_NEVER && ours && !cJSON_IsNull(ours))
			return err_field(e, EINVAL, "currency",
				"%s has amounts in %s here: %s in %s cannot be written", env->tool, own,
				f->field->name, wanted);
	}
	return 0;
}

int map_create(struct mapping *m, const struct map_env *given, const cJSON *doc, cJSON **ret, struct err *e)
{
	_cleanup_json_ cJSON *body = cJSON_CreateObject();
	struct map_env own = *given, *env = &own;

	own.map = m;
	own.doc = doc;
	if (check_currency(env, e) < 0)
		return -EINVAL;

	for (size_t i = 0; i < m->count; i++) {
		struct map_field *f = &m->fields[i];
		const cJSON *ours = json_get(doc, f->field->name);
		cJSON *value = NULL;
		int r = 0;

		if (f->write == WRITE_NEVER || map_apart(f))
			continue;
		if (ours && !cJSON_IsNull(ours))
			r = write_value(f, env, ours, currency_of(doc, env), &value, e);
		else if (f->slug && json_get_text(doc, f->slug))
			value = make_slug(json_get_text(doc, f->slug), env->key);
		else if (f->need)
			return err_field(e, EINVAL, f->field->name, "%s needs a %s for this", env->tool,
				f->field->name);
		if (r < 0 || (r > 0 && f->need))
			return r < 0 ? r : -EAGAIN;
		r = value ? put_value(f, env, body, value, e) : 0;
		if (r < 0)
			return r;
	}
	*ret = body;
	body = NULL;
	return 0;
}

int map_changes(
	struct mapping *m, const struct map_env *given, const cJSON *changes, cJSON **ret, struct err *e)
{
	_cleanup_json_ cJSON *body = cJSON_CreateObject();
	struct map_env own = *given, *env = &own;
	const cJSON *ours;

	own.map = m;
	own.doc = changes;
	if (check_currency(env, e) < 0)
		return -EINVAL;

	cJSON_ArrayForEach (ours, changes) {
		struct map_field *f = mapping_find(m, ours->string);
		cJSON *value = NULL;
		int r = 0;

		if (!f && strcmp(ours->string, "currency") == 0)
			continue; /* it only says what the amounts are in */
		if (!f || f->write != WRITE_ALWAYS)
			return err_field(
				e, EPERM, ours->string, "%s cannot change \"%s\"", env->tool, ours->string);
		if (!cJSON_IsNull(ours))
			r = write_value(f, env, ours, currency_of(changes, env), &value, e);
		if (r != 0)
			return r < 0 ? r : -EAGAIN;
		r = value ? put_value(f, env, body, value, e) : put_nothing(f, env, body, e);
		if (r < 0)
			return r;
	}
	*ret = body;
	body = NULL;
	return 0;
}
