/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/connect/draft.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "connect/draft_parts.h"
#include "connect/manifest.h"
#include "seamfs/base/file.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"

enum { NOTES_MAX = 400, NOTE_MAX = 400, TITLE_MAX = 60 };

/* ---- Notes ---- */

/* One line, whatever the document's texts have in them; what is said of several types stands there once. */
static void note(cJSON *notes, const char *where, const char *format, va_list args)
{
	_cleanup_(mem_freep) char *names = NULL;
	char text[NOTE_MAX];
	const char *old;

	vsnprintf(text, sizeof(text), format, args);
	for (char *p = text; *p; p++) {
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = ' ';
	}
	old = json_get_text(notes, text);
	if (!old && cJSON_GetArraySize(notes) >= NOTES_MAX)
		return;
	if (old && *old && where && !strstr(old, where))
		names = str_format("%s, %s", old, where);
	else
		names = str_dup(old ? old : where ? where : "");
	json_set_text(notes, text, names);
}

void draft_guess(struct draft *d, const char *where, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	note(d->guessed, where, format, args);
	va_end(args);
}

void draft_ask(struct draft *d, const char *where, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	note(d->open, where, format, args);
	va_end(args);
}

static void put_list(const cJSON *notes, const char *title, struct buf *out)
{
	const cJSON *one;

	buf_puts(out, notes->child ? title : "");
	cJSON_ArrayForEach (one, notes)
		buf_printf(out, "  %s%s%s\n", json_text(one), *json_text(one) ? ": " : "", one->string);
}

/* ---- Which document it is ---- */

static int no_json(const struct draft_order *order, const char *text, const struct err *reason, struct err *e)
{
	const char *p = text + strspn(text, " \t\r\n");

	if (*p != '{' && (strstr(p, "openapi:") || strstr(p, "swagger:")))
		return err_set(e, EINVAL,
			"%s is YAML; make JSON of it first: python3 -c 'import json, sys, yaml; "
			"json.dump(yaml.safe_load("
			"sys.stdin), sys.stdout, default=str)' < %s > spec.json",
			order->path, path_base(order->path));
	return err_set(e, EINVAL, "%s: %s", order->path, reason->text);
}

static int read_document(struct draft *d, const char *text, size_t len, cJSON **ret, struct err *e)
{
	struct err reason = {0};
	const char *version;

	if (len > DRAFT_MAX_DOCUMENT)
		return err_set(e, E2BIG, "%s is larger than %zu MiB, the limit for such a file",
			d->order->path, DRAFT_MAX_DOCUMENT >> 20);
	if (json_parse(text, len, JSON_REMOTE, ret, NULL, &reason) < 0)
		return no_json(d->order, text, &reason, e);
	version = json_get_text(*ret, "openapi");
	d->swagger = !version && str_equal(json_get_text(*ret, "swagger"), "2.0");
	if (!d->swagger && (!version || strncmp(version, "3.", 2) != 0))
		return err_set(e, EINVAL,
			"%s is no OpenAPI document: neither \"openapi\": \"3.…\" nor \"swagger\": \"2.0\" "
			"stands in it",
			d->order->path);
	if (!cJSON_IsObject(json_get(*ret, "paths")) || !json_get(*ret, "paths")->child)
		return err_set(e, EINVAL, "%s has no \"paths\": there is nothing to make requests of",
			d->order->path);
	return 0;
}

/* ---- Head ---- */

/* "HubSpot CRM API v3" is "hubspot-crm". */
static char *name_of(const char *title)
{
	char *name = mem_alloc(TITLE_MAX + 1);
	size_t n = 0;

	for (; *title && n < TITLE_MAX; title++) {
		if (isalnum((unsigned char)*title))
			name[n++] = (char)tolower((unsigned char)*title);
		else if (n && name[n - 1] != '-')
			name[n++] = '-';
	}
	while (n && name[n - 1] == '-')
		n--;
	name[n] = '\0';
	if (n > 4 && strcmp(name + n - 4, "-api") == 0)
		name[n - 4] = '\0';
	if (!name[0])
		memcpy(name, "tool", sizeof("tool"));
	return name;
}

static void add_docs(struct draft *d)
{
	static const char *const places[] = {
		"/externalDocs/url", "/info/contact/url", "/info/termsOfService"};
	cJSON *docs = cJSON_AddArrayToObject(d->out, "docs");

	for (int i = 0; i < TYPE_COUNT; i++) {
		const char *url =
			json_text(json_at(spec_operation(d->types[i].list_item, "get"), "/externalDocs/url"));

		if (url && strlen(url) < 200)
			cJSON_AddItemToArray(docs, cJSON_CreateString(url));
	}
	for (size_t i = 0; i < ARRAY_LEN(places) && !docs->child; i++) {
		const char *url = json_text(json_at(d->spec, places[i]));

		if (url && *url)
			cJSON_AddItemToArray(docs, cJSON_CreateString(url));
	}
	if (!docs->child)
		cJSON_AddItemToArray(docs, cJSON_CreateString(path_base(d->order->path)));
	draft_ask(d, NULL, "docs: the addresses of the pages that this file is judged by");
}

static void add_head(struct draft *d)
{
	const char *title = json_text(json_at(d->spec, "/info/title"));
	_cleanup_(mem_freep) char *name = name_of(title ? title : path_base(d->order->path));

	json_set_text(d->out, "connector", d->order->name ? d->order->name : name);
	json_set(d->out, "format", json_new_int(1));
	json_set_text(d->out, "title", title && *title ? title : name);
	cJSON_AddFalseToObject(d->out, "tested");
	add_docs(d);
	cJSON_AddObjectToObject(d->out, "settings");
	cJSON_AddObjectToObject(d->out, "http");
}

/* ---- What stands between head and types ---- */

/* How surely a request says who we are: "/me", "/users/me" …; -1: not. */
static int check_rank(const char *path)
{
	const char *last = path ? strrchr(path, '/') : NULL;
	char word[DRAFT_WORD];

	if (!last || *path != '/' || strpbrk(path, "?# {}") || strlen(path) > 200)
		return -1;
	word_plain(last + 1, strcspn(last + 1, "."), word);
	return word_listed(
		"me myself whoami currentuser current user self profile account details ping status", word);
}

static void add_me(struct draft *d, const cJSON *operation, cJSON *check)
{
	static const char *const words[] = {"displayName", "name", "display_name", "fullname", "full_name",
		"username", "login", "email", "id"};
	static const char *const holders[] = {"", "data", "user", "result"};
	struct members *m = mem_alloc(sizeof(*m));
	const cJSON *answer = spec_answer(d, operation);

	for (size_t h = 0; h < ARRAY_LEN(holders) && !json_get(check, "me"); h++) {
		const cJSON *holder = answer;

		spec_members(d, answer, m);
		for (size_t i = 0; *holders[h] && i < m->count; i++)
			holder = strcmp(m->all[i].name, holders[h]) == 0 ? m->all[i].schema : holder;
		if (*holders[h] && holder == answer)
			continue;
		spec_members(d, holder, m);
		for (size_t w = 0; w < ARRAY_LEN(words) && !json_get(check, "me"); w++) {
			for (size_t i = 0; i < m->count; i++) {
				_cleanup_(mem_freep) char *at =
					str_format("%s%s/%s", *holders[h] ? "/" : "", holders[h], words[w]);

				if (strcmp(m->all[i].name, words[w]) == 0)
					json_set_text(check, "me", at);
			}
		}
	}
	free(m);
}

/* A type whose listing is no other's: there is one, for references go in no circle. */
static const struct draft_type *root_type(const struct draft *d)
{
	for (int i = 0; i < TYPE_COUNT; i++) {
		if (d->types[i].type && !d->types[i].each)
			return &d->types[i];
	}
	return NULL;
}

static void add_check(struct draft *d)
{
	cJSON *check = cJSON_AddObjectToObject(d->out, "check");
	const cJSON *item, *best = NULL;
	const struct draft_type *root = root_type(d);
	_cleanup_(mem_freep) char *path =
		root ? path_fill(d, root, root->list_path, PATH_LIST) : str_dup("/");

	cJSON_ArrayForEach (item, json_get(d->spec, "paths")) {
		int rank = spec_operation(item, "get") ? check_rank(item->string) : -1;

		if (rank >= 0 && (!best || rank < check_rank(best->string)))
			best = item;
	}
	json_set_text(check, "get", best ? best->string : path);
	if (best) {
		add_me(d, spec_operation(best, "get"), check);
		draft_guess(d, NULL, "check: %s tells who we are", best->string);
	} else {
		draft_ask(d, NULL, "check: a request that proves the login and says whose it is");
	}
}

/* The pointer of the sentence in what comes when something is wrong; given, NULL without one. */
static char *message_at(struct draft *d, const cJSON *schema, const char *at, int depth)
{
	static const char words[] =
		"message errormessage detail errordescription description title reason error";
	struct members *m = mem_alloc(sizeof(*m));
	char *found = NULL;
	int best = 1000;

	if (depth == 0 && strcmp(spec_type(schema), "string") == 0)
		found = str_dup("");
	spec_members(d, schema, m);
	for (size_t i = 0; i < m->count; i++) {
		const cJSON *member = spec_schema(d, m->all[i].schema);
		const char *kind = spec_type(member);
		_cleanup_(mem_freep) char *inner = NULL, *below = NULL;
		char word[DRAFT_WORD];
		int rank;

		word_plain(m->all[i].name, strlen(m->all[i].name), word);
		rank = strcmp(kind, "string") == 0 ? word_listed(words, word) : -1;
		inner = str_format("%s/%s", at, m->all[i].name);
		if (word_listed("error errors", word) >= 0 && depth == 0 && rank < 0) {
			_Bool array = strcmp(kind, "array") == 0;

			below = str_format("%s%s", inner, array ? "/0" : "");
			free(inner);
			inner = message_at(d, array ? json_get(member, "items") : member, below, 1);
			rank = inner ? 50 : -1;
		}
		if (rank < 0 || rank >= best || strlen(m->all[i].name) > 60 || strpbrk(m->all[i].name, "~/"))
			continue;
		best = rank;
		str_set(&found, inner);
	}
	free(m);
	return found;
}

static void add_errors(struct draft *d)
{
	static const int codes[] = {400, 403, 404, 422};
	_cleanup_(mem_freep) char *message = NULL;
	cJSON *rule, *status;

	for (int i = 0; i < TYPE_COUNT && !message; i++) {
		const struct draft_type *t = &d->types[i];

		if (t->type && t->create_item)
			message =
				message_at(d, spec_refusal(d, spec_operation(t->create_item, "post")), "", 0);
		if (t->type && !message)
			message = message_at(d, spec_refusal(d, spec_operation(t->list_item, "get")), "", 0);
	}
	if (!message) {
		draft_ask(d, NULL, "errors: where the sentence is when the tool refuses something");
		return;
	}
	rule = cJSON_CreateObject();
	status = cJSON_AddArrayToObject(rule, "status");
	for (size_t i = 0; i < ARRAY_LEN(codes); i++)
		cJSON_AddItemToArray(status, json_new_int(codes[i]));
	json_set_text(rule, "message", message);
	cJSON_AddItemToArray(cJSON_AddArrayToObject(d->out, "errors"), rule);
}

/* ---- Types ---- */

/* The way of paging that most types have goes to the top; NULL: none has any. */
static const cJSON *common_page(cJSON *const pages[TYPE_COUNT])
{
	const cJSON *best = NULL;
	int most = 0;

	for (int i = 0; i < TYPE_COUNT; i++) {
		int same = 0;

		for (int j = 0; pages[i] && j < TYPE_COUNT; j++)
			same += pages[j] && cJSON_Compare(pages[i], pages[j], 1);
		if (same > most) {
			most = same;
			best = pages[i];
		}
	}
	return best;
}

static void add_pages(struct draft *d, cJSON *pages[TYPE_COUNT])
{
	const cJSON *common;

	for (int i = 0; i < TYPE_COUNT; i++) {
		pages[i] = d->types[i].type ? draft_page(d, &d->types[i]) : NULL;
		if (d->types[i].type && !pages[i])
			draft_ask(d, d->types[i].type->name,
				"page: how the listing is paged (no parameter was recognised)");
	}
	common = common_page(pages);
	if (common)
		cJSON_AddItemToObject(d->out, "page", cJSON_Duplicate(common, 1));
}

static cJSON *no_page(void)
{
	cJSON *page = cJSON_CreateObject();

	json_set_text(page, "by", "none");
	return page;
}

static void add_types(struct draft *d, cJSON *pages[TYPE_COUNT])
{
	cJSON *types = cJSON_CreateObject();
	const cJSON *common = json_get(d->out, "page");

	for (int i = 0; i < TYPE_COUNT; i++) {
		struct draft_type *t = &d->types[i];
		cJSON *out, *fields;

		if (!t->type)
			continue;
		out = cJSON_AddObjectToObject(types, t->type->name);
		fields = draft_fields(d, t);
		draft_requests(d, t, out, fields);
		if (common && !pages[i])
			cJSON_AddItemToObject(out, "page", no_page());
		else if (pages[i] && !cJSON_Compare(common, pages[i], 1))
			cJSON_AddItemToObject(out, "page", cJSON_Duplicate(pages[i], 1));
		cJSON_AddItemToObject(out, "fields", fields);
	}
	cJSON_AddItemToObject(d->out, "types", types);
}

/* The scopes that the drafted requests want, as the members of an object. */
static void collect_scopes(struct draft *d)
{
	static const char *const verbs[] = {"get", "post", "put", "patch", "delete"};
	const cJSON *way, *scheme, *scope;

	for (int i = 0; i < TYPE_COUNT; i++) {
		for (size_t v = 0; v < 2 * ARRAY_LEN(verbs) && d->types[i].type; v++) {
			const cJSON *item = v % 2 ? d->types[i].one_item : d->types[i].list_item;

			cJSON_ArrayForEach (way, json_get(spec_operation(item, verbs[v / 2]), "security")) {
				cJSON_ArrayForEach (scheme, way) {
					cJSON_ArrayForEach (scope, scheme) {
						if (json_text(scope) && cJSON_GetArraySize(d->scopes) < 256)
							json_set(d->scopes, json_text(scope),
								cJSON_CreateTrue());
					}
				}
			}
		}
	}
}

/* ---- The whole ---- */

/* The words of "http" in their order, and no empty "settings". */
static void tidy(struct draft *d)
{
	static const char *const words[] = {"base", "headers", "auth", "body"};
	cJSON *http = json_get(d->out, "http");

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		cJSON *item = cJSON_DetachItemFromObjectCaseSensitive(http, words[i]);

		if (item)
			cJSON_AddItemToObject(http, words[i], item);
	}
	if (!json_get(d->out, "settings")->child)
		cJSON_DeleteItemFromObjectCaseSensitive(d->out, "settings");
}

static int assemble(struct draft *d, struct err *e)
{
	cJSON *pages[TYPE_COUNT] = {0};
	int r = draft_find_types(d, e);

	if (r < 0)
		return r;
	for (int i = 0; i < TYPE_COUNT; i++) {
		if (!d->types[i].type)
			continue;
		draft_parent(d, &d->types[i]);
		draft_bodies(d, &d->types[i]);
	}
	add_head(d);
	collect_scopes(d);
	draft_access(d);
	add_check(d);
	add_pages(d, pages);
	add_errors(d);
	add_types(d, pages);
	for (int i = 0; i < TYPE_COUNT; i++)
		cJSON_Delete(pages[i]);
	tidy(d);
	return 0;
}

/* What a draft must not be: a manifest that seamfs itself refuses. */
static int examine(const struct draft *d, struct buf *text, struct err *e)
{
	struct manifest *m = NULL;
	struct err reason = {0};
	int r;

	draft_print(text, d->out);
	if (text->error)
		return err_set(e, E2BIG, "the draft of %s is larger than a manifest may be", d->order->path);
	r = manifest_read("the draft", text, NULL, &m, &reason);
	manifest_free(m);
	return r < 0 ? err_set(e, EINVAL,
			       "%s makes a draft that is no manifest (%s); --type TYPE= leaves a type out",
			       d->order->path, reason.text)
		     : 0;
}

static void put_notes(struct draft *d, struct buf *notes)
{
	draft_ask(d, NULL, "limits: how many calls the tool allows");
	draft_ask(d, NULL, "tested: false until somebody has tried it on an account (seamfs tool test)");
	if (d->foreign)
		draft_ask(d, NULL,
			"the document refers to other files, which were not read: what they say is missing");
	put_list(d->guessed, "Guessed by names:\n", notes);
	put_list(d->open, "To be looked up:\n", notes);
}

int draft_make(const char *text, size_t len, const struct draft_order *order, struct buf *ret,
	struct buf *notes, struct err *e)
{
	struct draft *d = mem_alloc(sizeof(*d));
	_cleanup_(buf_finish) struct buf manifest = BUF_INIT(BUF_MAX_CONFIG);
	_cleanup_json_ cJSON *spec = NULL;
	int r;

	d->order = order;
	d->guessed = cJSON_CreateObject();
	d->open = cJSON_CreateObject();
	d->steps = DRAFT_STEPS;
	d->out = cJSON_CreateObject();
	d->made = cJSON_CreateArray();
	d->scopes = cJSON_CreateObject();
	r = read_document(d, text, len, &spec, e);
	d->spec = spec;
	d->follow_cost = spec_follow_cost(spec);
	r = r < 0 ? r : assemble(d, e);
	/* Also what was not found then, might be there. */
	if (d->spec && d->steps <= 0)
		r = err_set(e, EINVAL, "%s is so large or so entangled that it cannot be read to its end",
			order->path);
	r = r < 0 ? r : examine(d, &manifest, e);
	if (r == 0) {
		put_notes(d, notes);
		r = buf_add(ret, manifest.data, manifest.len);
	}
	cJSON_Delete(d->out);
	cJSON_Delete(d->made);
	cJSON_Delete(d->scopes);
	cJSON_Delete(d->guessed);
	cJSON_Delete(d->open);
	free(d);
	return r;
}
