/* SPDX-License-Identifier: Apache-2.0 */
/* Paths with parameters as templates: {id}, {each}, our fields, and settings for the rest. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "connect/draft_parts.h"
#include "connect/template.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"

enum { PATH_MAX_LEN = 2048 };

/* A parameter in a path. */
struct param {
	char name[DRAFT_WORD];	 /* as it stands there */
	char noun[DRAFT_WORD];	 /* what it is an id of */
	const char *start, *end; /* from brace to behind brace */
};

/* The literal segment before @end, as a noun. */
static void noun_before(const char *path, const char *end, char ret[DRAFT_WORD])
{
	const char *stop = end, *start;

	while (stop > path && stop[-1] != '/')
		stop--;
	if (stop > path)
		stop--;
	for (start = stop; start > path && start[-1] != '/'; start--)
		continue;
	word_noun(start, (size_t)(stop - start), ret);
}

/* The next brace; the one of ".{format}" is no parameter. */
static const char *param_open(const char *p)
{
	const char *open = strchr(p, '{');

	return open && strcmp(open, "{format}") == 0 ? NULL : open;
}

static _Bool param_next(const char *path, const char **p, struct param *ret)
{
	static const char *const ends[] = {"idorkey", "uuid", "guid", "gid", "id", "number", "slug"};
	const char *open = param_open(*p);
	size_t len = open ? strcspn(open + 1, "}") : 0, n;

	if (!open || open[1 + len] != '}')
		return 0;
	ret->start = open;
	ret->end = *p = open + len + 2;
	snprintf(ret->name, sizeof(ret->name), "%.*s", (int)len, open + 1);
	word_plain(ret->name, strlen(ret->name), ret->noun);
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		n = strlen(ret->noun);
		if (n >= strlen(ends[i]) && strcmp(ret->noun + n - strlen(ends[i]), ends[i]) == 0) {
			ret->noun[n - strlen(ends[i])] = '\0';
			break;
		}
	}
	if (ret->noun[0])
		word_noun(ret->noun, strlen(ret->noun), ret->noun);
	else
		noun_before(path, open, ret->noun);
	return 1;
}

/* The noun at the end of a listing's path. */
static void noun_of(const char *path, char ret[DRAFT_WORD])
{
	const char *last = strrchr(path, '/');

	if ((strcmp(last, "/search") == 0 || strcmp(last, "/all") == 0) && last > path)
		noun_before(path, path + strlen(path), ret);
	else
		word_noun(last + 1, strcspn(last + 1, "."), ret);
}

/* The type whose records a parameter is the id of. @t has to have a reference to it. NULL: none of ours. */
static const struct type *parent_of(
	const struct draft *d, const struct draft_type *t, const struct param *param)
{
	char noun[DRAFT_WORD];

	for (int i = TYPE_NONE + 1; i < TYPE_COUNT; i++) {
		const struct draft_type *other = &d->types[i];
		_Bool referred = 0;

		if (!other->type || other == t)
			continue;
		for (const struct field *f = t->type->fields; f->name; f++)
			referred |= f->kind == FIELD_REF && f->ref == other->type->id;
		noun_of(other->list_path, noun);
		if (referred && (strcmp(noun, param->noun) == 0 ||
					strcmp(noun_list(other->type->id), param->noun) == 0 ||
					strcmp(other->type->name, param->noun) == 0))
			return other->type;
	}
	return NULL;
}

void draft_parent(struct draft *d, struct draft_type *t)
{
	const char *p = t->list_path;
	struct param param;

	while (param_next(t->list_path, &p, &param)) {
		const struct type *parent = parent_of(d, t, &param);

		t->parent = parent ? parent : t->parent;
		t->each = parent ? param.start : t->each;
	}
	p = t->item_path;
	while (param_next(t->item_path, &p, &param)) {
		const struct type *parent = param_open(p) ? parent_of(d, t, &param) : NULL;

		if (!parent || (t->parent && t->parent != parent))
			continue;
		t->parent = parent;
		t->part = 1;
	}
}

static _Bool name_is_ours(const char *name)
{
	static const char own[] = "types base login connector poll send url token key user password";

	if (template_known(NULL, NULL, name) || word_listed(own, name) >= 0)
		return 1;
	for (int i = TYPE_NONE + 1; i < TYPE_COUNT; i++) {
		if (type_field(type_get((enum type_id)i), name))
			return 1;
	}
	return 0;
}

/* "workspaceId" is "workspace", "realm-id" is "realm"; what seamfs has a word or a field for keeps its "_id". */
void word_setting(const char *text, char ret[DRAFT_WORD + 8])
{
	size_t n = 0;

	for (const char *p = text; *p && n + 2 < DRAFT_WORD; p++) {
		if (isupper((unsigned char)*p) && n && islower((unsigned char)p[-1]))
			ret[n++] = '_';
		ret[n++] = isalnum((unsigned char)*p) ? (char)tolower((unsigned char)*p) : '_';
	}
	ret[n] = '\0';
	if (n > 3 && strcmp(ret + n - 3, "_id") == 0)
		ret[n - 3] = '\0';
	else if (n > 4 && strcmp(ret + n - 4, "_gid") == 0)
		ret[n - 4] = '\0';
	if (name_is_ours(ret))
		snprintf(ret + strlen(ret), 4, "_id");
}

static void insert_setting(struct draft *d, const struct draft_type *t, const char *path,
	const struct param *param, struct buf *out)
{
	char name[DRAFT_WORD + 8];
	_cleanup_(mem_freep) char *label =
		str_format("What stands for {%s} in the address %s", param->name, path);

	word_setting(strcasecmp(param->name, "id") == 0 ? param->noun : param->name, name);
	if (!json_get(json_get(d->out, "settings"), name))
		draft_guess(d, t->type->name, "{%s} in %s is no record of ours: the setting \"%s\"",
			param->name, path, name);
	draft_setting(d, name, label, 0, NULL);
	buf_printf(out, "{%s}", name);
}

const char *draft_parent_field(const struct draft_type *t)
{
	for (const struct field *f = t->type->fields; t->parent && f->name; f++) {
		if (f->kind == FIELD_REF && f->ref == t->parent->id)
			return f->name;
	}
	return NULL;
}

char *path_fill(struct draft *d, const struct draft_type *t, const char *path, enum path_use use)
{
	struct buf out = BUF_INIT(PATH_MAX_LEN);
	const char *p = path, *rest = path;
	struct param param;

	while (param_next(path, &p, &param)) {
		_Bool parent = t->parent && parent_of(d, t, &param) == t->parent;
		_Bool last = !param_open(p);

		buf_add(&out, rest, (size_t)(param.start - rest));
		rest = p;
		if (use == PATH_ITEM && last)
			buf_puts(&out, t->part ? "{id.2}" : "{id}");
		else if (use == PATH_ITEM && parent && t->part)
			buf_puts(&out, "{id.1}");
		else if (use == PATH_LIST && t->each && param.start == t->each)
			buf_puts(&out, "{each}");
		else if (use == PATH_CREATE && parent)
			buf_printf(&out, "{%s}", draft_parent_field(t));
		else
			insert_setting(d, t, path, &param, &out);
	}
	if (strchr(rest, '{'))
		buf_printf(&out, "%.*sjson", (int)strcspn(rest, "{"), rest);
	else
		buf_puts(&out, rest);
	return buf_steal(&out);
}
