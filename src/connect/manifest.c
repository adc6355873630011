/* SPDX-License-Identifier: Apache-2.0 */
#include "connect/manifest.h"

#include <errno.h>
#include <string.h>

#include "connect/hook_words.h"
#include "connect/lint.h"
#include "connect/words.h"
#include "seamfs/base/file.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"

static void mapping_finish(struct mapping *m)
{
	for (size_t i = 0; i < m->count; i++)
		mapping_finish(&m->fields[i].lines);
	free(m->fields);
}

void manifest_free(struct manifest *m)
{
	if (!m)
		return;
	for (int i = 0; i < TYPE_COUNT; i++)
		mapping_finish(&m->types[i].map);
	cJSON_Delete(m->root);
	free(m);
}

void manifest_freep(struct manifest **m)
{
	manifest_free(*m);
}

/* RFC 7396: objects are merged member by member, null removes, everything else replaces. */
static void merge_patch(cJSON *target, const cJSON *patch)
{
	const cJSON *child;

	cJSON_ArrayForEach (child, patch) {
		cJSON *old = json_get(target, child->string);

		if (cJSON_IsNull(child)) {
			cJSON_DeleteItemFromObjectCaseSensitive(target, child->string);
		} else if (!cJSON_IsObject(child)) {
			json_set(target, child->string, cJSON_Duplicate(child, 1));
		} else {
			if (!cJSON_IsObject(old)) {
				json_set(target, child->string, cJSON_CreateObject());
				old = json_get(target, child->string);
			}
			merge_patch(old, child);
		}
	}
}

/* Which forms (map_as) each kind of field can have; the first is what a manifest gets that names none. */
static const struct {
	const char *word;
	enum map_as as;
	unsigned kinds;
} forms[] = {
#define KIND(k) (1u << FIELD_##k)
	{"text", AS_TEXT,
		KIND(TEXT) | KIND(LONG_TEXT) | KIND(EMAIL) | KIND(PHONE) | KIND(URL) | KIND(CHOICE) |
			KIND(REF)},
	{"date", AS_DATE, KIND(DATE)},
	{"datetime", AS_DATETIME, KIND(DATE)},
	{"unix", AS_UNIX, KIND(DATE)},
	{"unix-date", AS_UNIX_DATE, KIND(DATE)},
	{"unix_ms", AS_UNIX_MS, KIND(DATE)},
	{"msdate", AS_MSDATE, KIND(DATE)},
	{"date-parts", AS_DATE_PARTS, KIND(DATE)},
	{"bool", AS_BOOL, KIND(BOOL)},
	{"decimal", AS_DECIMAL, KIND(MONEY) | KIND(DECIMAL)},
	{"decimal-text", AS_DECIMAL_TEXT, KIND(MONEY) | KIND(DECIMAL)},
	{"minor", AS_MINOR, KIND(MONEY)},
	{"seconds", AS_SECONDS, KIND(DECIMAL)},
	{"milliseconds", AS_MILLISECONDS, KIND(DECIMAL)},
	{"clock", AS_CLOCK, KIND(DECIMAL)},
	{"minutes", AS_MINUTES, KIND(DECIMAL)},
	{"duration", AS_DURATION, KIND(DECIMAL)},
	{"int", AS_INT, KIND(TEXT) | KIND(CHOICE) | KIND(REF)},
	{"lines", AS_LINES, KIND(LINES)},
	{"tags", AS_TAGS, KIND(TAGS)},
	{"comma", AS_COMMA, KIND(TAGS)},
#undef KIND
};

static int compile_form(struct check *c, const cJSON *json, struct map_field *f)
{
	const char *word = json_get_text(json, "as");

	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		if (!(forms[i].kinds & (1u << f->field->kind)) || (word && strcmp(word, forms[i].word) != 0))
			continue;
		f->as = forms[i].as;
		return 0;
	}
	return check_bad(c, "a %s cannot be \"%s\" in a tool", field_kind_name(f->field->kind), word);
}

static int compile_values(struct check *c, const struct map_field *f)
{
	size_t mark = check_enter(c, "values");
	const cJSON *ours;
	int r = 0;

	cJSON_ArrayForEach (ours, f->values) {
		const cJSON *first = cJSON_IsArray(ours) ? ours->child : ours;
		size_t inner = check_enter(c, ours->string);

		if (f->field->kind == FIELD_CHOICE && !field_allows(f->field, ours->string))
			r = check_bad(c, "our field %s has no value \"%s\"", f->field->name, ours->string);
		else if (str_equal(json_text(first), "*"))
			r = check_bad(c, "\"*\" cannot be the first: the first is what is written");
		check_leave(c, inner);
		if (r < 0)
			return r;
	}
	check_leave(c, mark);
	return 0;
}

static int compile_reference(struct check *c, const cJSON *json, const struct map_field *f)
{
	const char *ref = json_get_text(json, "ref");

	if (f->field->kind != FIELD_REF)
		return ref ? check_bad(c, "our field %s is no reference", f->field->name) : 0;
	if (!str_equal(ref, type_get(f->field->ref)->name))
		return check_bad(c, "\"ref\": \"%s\" is missing: our field %s refers to a %s",
			type_get(f->field->ref)->name, f->field->name, type_get(f->field->ref)->name);
	return 0;
}

static int compile_fields(
	struct check *c, const cJSON *fields, const struct field *table, struct mapping *ret);

static enum map_write write_of(const char *word)
{
	if (!word)
		return WRITE_ALWAYS;
	return strcmp(word, "create") == 0 ? WRITE_CREATE
	       : strcmp(word, "step") == 0 ? WRITE_STEP
					   : WRITE_NEVER;
}

/* "at": a pointer, or for a text those of what stands before its last word and of that one. */
static int compile_at(struct check *c, const cJSON *json, struct map_field *f)
{
	const cJSON *at = json_get(json, "at"), *part;

	f->at = json_text(cJSON_IsArray(at) ? at->child : at);
	if (!cJSON_IsArray(at))
		return 0;
	if (f->field->kind == FIELD_REF) {
		cJSON_ArrayForEach (part, at) {
			if (f->part_count == REF_PARTS)
				return check_bad(c, "an id has at most %d parts", REF_PARTS);
			f->parts[f->part_count++] = json_text(part);
		}
		return json_get(json, "to") || json_get(json, "by") || json_get(json, "lookup")
			       ? check_bad(c, "an id of several parts has no \"to\", \"by\" or \"lookup\"")
			       : 0;
	}
	f->at_last = json_text(at->child->next);
	if (cJSON_GetArraySize(at) != 2 || f->field->kind != FIELD_TEXT)
		return check_bad(c, "\"at\" is one pointer, or two for a text whose last word has a place of "
				    "its own, or those "
				    "of the parts of an id");
	if (json_get(json, "to") || json_get(json, "values") || json_get(json, "lookup"))
		return check_bad(c, "a text in two places has no \"to\", \"values\" or \"lookup\"");
	return 0;
}

static void compile_words(const cJSON *json, struct map_field *f)
{
	f->to = json_get_text(json, "to") ? json_get_text(json, "to") : f->at;
	f->write = write_of(json_get_text(json, "write"));
	f->send = json_get(json, "send");
	f->with = json_get(json, "with");
	f->item = json_get_text(json, "item");
	f->by_name = json_get(json, "by") != NULL;
	f->need = cJSON_IsTrue(json_get(json, "need"));
	f->lookup = json_get_text(json, "lookup");
	f->values = json_get(json, "values");
	f->slug = json_get_text(json, "slug");
	f->empty = json_get(json, "empty");
	f->clear = json_get(json, "clear");
	f->local = json_get(json, "zone") != NULL;
}

static int compile_zone(struct check *c, const struct map_field *f)
{
	if (f->local && f->as != AS_DATETIME && f->as != AS_UNIX && f->as != AS_UNIX_DATE &&
		f->as != AS_UNIX_MS)
		return check_bad(c,
			"\"zone\" is for dates that are moments in the tool: \"datetime\", \"unix\", "
			"\"unix-date\", \"unix_ms\"");
	return 0;
}

static int compile_object(struct check *c, const cJSON *json, struct map_field *f)
{
	int r = compile_at(c, json, f);

	if (r < 0)
		return r;
	compile_words(json, f);
	if (!f->to || !*f->to)
		return check_bad(c, "\"at\" is missing: where the tool keeps this");
	if (f->lookup && !json_get(json_get(c->root, "lookups"), f->lookup))
		return check_bad(c, "there is no lookup \"%s\"", f->lookup);
	if (f->slug && (!c->type || !type_field(c->type, f->slug)))
		return check_bad(
			c, "a slug is made from a field of ours; there is none called \"%s\"", f->slug);
	if ((f->field->kind == FIELD_LINES) != (json_get(json, "fields") != NULL))
		return check_bad(c,
			f->field->kind == FIELD_LINES ? "\"fields\" is missing: what a line is made of"
						      : "our field %s has no fields of its own",
			f->field->name);
	r = lint_verb(c, f->send, "send");
	r = r < 0 ? r : compile_reference(c, json, f);
	r = r < 0 ? r : compile_form(c, json, f);
	r = r < 0 ? r : compile_zone(c, f);
	r = r < 0 ? r : compile_values(c, f);
	if (r == 0 && f->field->kind == FIELD_LINES) {
		size_t mark = check_enter(c, "fields");

		r = compile_fields(c, json_get(json, "fields"), f->field->line, &f->lines);
		check_leave(c, mark);
	}
	return r;
}

static int compile_field(struct check *c, const cJSON *json, const struct field *field, struct map_field *f)
{
	f->field = field;
	if (!json_text(json))
		return compile_object(c, json, f);
	f->at = f->to = json_text(json);
	if (!*f->at)
		return check_bad(c, "the pointer is empty: where in the record does the tool keep this?");
	if (field->kind == FIELD_REF || field->kind == FIELD_LINES)
		return check_bad(
			c, "a %s needs more than a pointer: {\"at\": …, …}", field_kind_name(field->kind));
	return compile_form(c, NULL, f);
}

static const struct field *find_field(const struct field *table, const char *name)
{
	for (; table->name; table++) {
		if (strcmp(table->name, name) == 0)
			return table;
	}
	return NULL;
}

static _Bool is_stamp(const char *name)
{
	return strcmp(name, "id") == 0 || strcmp(name, "created") == 0 || strcmp(name, "updated") == 0;
}

/* The mapping is kept in our fields' order, so that docs come out in it. */
static int compile_fields(
	struct check *c, const cJSON *fields, const struct field *table, struct mapping *ret)
{
	const cJSON *child;
	int r = 0;

	cJSON_ArrayForEach (child, fields) {
		size_t mark = check_enter(c, child->string);

		if (!find_field(table, child->string) &&
			!(c->type && table == c->type->fields && is_stamp(child->string)))
			r = check_bad(c, "there is no field \"%s\" in this type of ours", child->string);
		check_leave(c, mark);
		if (r < 0)
			return r;
	}
	ret->fields = mem_alloc(TYPE_MAX_FIELDS * sizeof(*ret->fields));
	for (const struct field *f = table; r == 0 && f->name; f++) {
		const cJSON *json = json_get(fields, f->name);
		size_t mark = check_enter(c, f->name);

		if (json)
			r = compile_field(c, json, f, &ret->fields[ret->count++]);
		check_leave(c, mark);
	}
	return r;
}

/* "created" and "updated": a pointer, or {"at": …, "as": "unix"}. */
static const char *stamp(const cJSON *fields, const char *name, enum map_as *as)
{
	static const struct {
		const char *word;
		enum map_as as;
	} forms_of_stamps[] = {{"unix", AS_UNIX}, {"unix_ms", AS_UNIX_MS}, {"msdate", AS_MSDATE}};
	const cJSON *json = json_get(fields, name);

	for (size_t i = 0; i < ARRAY_LEN(forms_of_stamps); i++) {
		if (str_equal(json_get_text(json, "as"), forms_of_stamps[i].word))
			*as = forms_of_stamps[i].as;
	}
	return json_text(json) ? json_text(json) : json_get_text(json, "at");
}

/* "id": a pointer, or {"at": pointer or a list of them, "as": "int"}. */
static void compile_id(const cJSON *json, struct manifest_type *t)
{
	const cJSON *at = json_text(json) ? json : json_get(json, "at"), *one;

	t->id_number = str_equal(json_get_text(json, "as"), "int");
	if (json_text(at))
		t->id.at[t->id.count++] = json_text(at);
	cJSON_ArrayForEach (one, at) {
		if (t->id.count < ID_PARTS)
			t->id.at[t->id.count++] = json_text(one);
	}
}

char *manifest_id(const struct id_place *place, const cJSON *record)
{
	struct buf b = BUF_INIT(BUF_MAX_RECORD);

	for (int i = 0; i < place->count; i++) {
		const char *text = json_scalar(json_at(record, place->at[i]));

		if (!text || !*text) {
			buf_finish(&b);
			return NULL;
		}
		buf_printf(&b, "%s%s", i ? ":" : "", text);
	}
	return place->count ? buf_steal(&b) : NULL;
}

static int compile_type(struct check *c, struct manifest *m, const cJSON *json)
{
	struct manifest_type *t = &m->types[c->type->id];
	const cJSON *fields = json_get(json, "fields"), *changes = json_get(json, "changes");
	size_t mark;
	int r;

	t->type = c->type;
	t->list = json_get(json, "list");
	t->one = json_get(json, "one");
	t->many = json_get(json, "many");
	t->create = json_get(json, "create");
	t->update = json_get(json, "update");
	t->remove = json_get(json, "delete");
	t->restore = json_get(json, "restore");
	t->once = json_get(json, "once");
	t->changes = str_equal(json_get_text(changes, "by"), "scan") ? NULL : changes;
	t->events = str_equal(json_get_text(changes, "by"), "events");
	t->removed = json_get(json, "removed");
	t->gone = json_get(json, "gone");
	t->guard = json_get(json, "guard");
	t->page = json_get(json, "page") ? json_get(json, "page") : json_get(m->root, "page");
	t->labels = json_get(json, "labels");
	t->steps = json_get(json, "steps");
	t->url = json_get_text(json, "url");
	t->url_at = json_get_text(json_get(json, "url"), "at");
	t->stamp_as = AS_DATETIME;
	compile_id(json_get(fields, "id"), t);
	t->removed_id = json_get_text(t->removed, "id")
				? (struct id_place){{json_get_text(t->removed, "id")}, 1}
				: t->id;
	t->created = stamp(fields, "created", &t->stamp_as);
	t->updated = stamp(fields, "updated", &t->stamp_as);
	mark = check_enter(c, "fields");
	r = compile_fields(c, fields, c->type->fields, &t->map);
	check_leave(c, mark);
	return r < 0 ? r : lint_type(c, t, json);
}

static int compile(struct check *c, struct manifest *m)
{
	const cJSON *json;
	int r;

	m->title = json_get_text(m->root, "title");
	m->settings = json_get(m->root, "settings");
	m->http = json_get(m->root, "http");
	m->check = json_get(m->root, "check");
	m->limits = json_get(m->root, "limits");
	m->errors = json_get(m->root, "errors");
	m->lookups = json_get(m->root, "lookups");
	r = lint_head(c, m);
	cJSON_ArrayForEach (json, json_get(m->root, "types")) {
		size_t mark = check_enter(c, "types"), inner = check_enter(c, json->string);

		c->type = type_by_name(json->string);
		r = r < 0 ? r : compile_type(c, m, json);
		check_leave(c, inner);
		check_leave(c, mark);
		if (r < 0)
			return r;
	}
	c->type = NULL;
	return r < 0 ? r : hook_lint(c, m);
}

/* Parses, merges the overrides, and examines the result. */
static int examine(
	const char *path, const struct buf *text, const cJSON *overrides, struct manifest *m, struct err *e)
{
	_cleanup_json_ cJSON *patch = cJSON_CreateObject();
	struct check c = {
		.path = path, .text = buf_text(text), .len = text->len, .pointer = BUF_INIT(4096), .e = e};
	struct json_place place;
	struct err reason;
	int r;

	r = json_parse(buf_text(text), text->len, JSON_COMMENTS, &m->root, &place, &reason);
	if (r < 0)
		return err_set(e, EINVAL, "%s:%u:%u: %s", path, place.line, place.column, reason.text);
	if (json_get(overrides, "types")) {
		cJSON_AddItemToObject(patch, "types", cJSON_Duplicate(json_get(overrides, "types"), 1));
		merge_patch(m->root, patch);
		c.overrides = patch;
	}
	c.root = m->root;
	r = check_words(&c);
	if (r == 0)
		r = compile(&c, m);
	buf_finish(&c.pointer);
	return r;
}

int manifest_read(const char *path, const struct buf *text, const cJSON *overrides, struct manifest **ret,
	struct err *e)
{
	_cleanup_(manifest_freep) struct manifest *m = mem_alloc(sizeof(*m));
	int r = examine(path, text, overrides, m, e);

	if (r < 0)
		return r;
	*ret = m;
	m = NULL;
	return 0;
}

int manifest_load(const char *path, const cJSON *overrides, struct manifest **ret, struct err *e)
{
	_cleanup_(buf_finish) struct buf text = BUF_INIT(BUF_MAX_CONFIG);
	int r = file_read(path, &text, e);

	return r < 0 ? r : manifest_read(path, &text, overrides, ret, e);
}
