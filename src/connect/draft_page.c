/* SPDX-License-Identifier: Apache-2.0 */
/* How a listing is paged, by the names of its parameters and of what stands beside the records. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "connect/draft_parts.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"

enum { PAGE_SIZE = 100, PAGE_DEPTH = 4 };

static const char size_words[] =
	"perpage pagesize limit size maxresults count top pagelimit itemsperpage resultsperpage "
	"pagepersize take max recordsperpage";

struct paging {
	struct draft *d;
	const struct draft_type *t;
	struct params params;
	const cJSON *answer;
};

/* The first parameter of the query that is one of these words; NULL without one. */
static const cJSON *param_of(const struct paging *p, const char *words)
{
	char word[DRAFT_WORD];

	while ((words = word_next(words, word))) {
		const cJSON *param = spec_param(&p->params, "query", word);

		if (param)
			return param;
	}
	return NULL;
}

/* The pointer of the first member outside of records whose way ("paging/next/after") is in the list; given, NULL without one. */
static char *answer_of(
	struct draft *d, const cJSON *schema, const char *words, const char *way, const char *at, int depth)
{
	struct members *m;
	char *found = NULL;

	schema = spec_schema(d, schema);
	if (!schema || depth > PAGE_DEPTH || strcmp(spec_type(schema), "object") != 0)
		return NULL;
	m = mem_alloc(sizeof(*m));
	spec_members(d, schema, m);
	for (size_t i = 0; i < m->count && !found; i++) {
		char plain[DRAFT_WORD];
		_cleanup_(mem_freep) char *inner = NULL, *pointer = NULL;
		const char *kind = spec_type(spec_schema(d, m->all[i].schema));

		word_plain(m->all[i].name, strlen(m->all[i].name), plain);
		if (strpbrk(m->all[i].name, "~/") || strlen(at) + strlen(m->all[i].name) > DRAFT_POINTER)
			continue;
		inner = str_format("%s%s%s", way, *way ? "/" : "", plain);
		pointer = str_format("%s/%s", at, m->all[i].name);
		if (word_listed(words, inner) >= 0 && strcmp(kind, "object") != 0 &&
			strcmp(kind, "array") != 0)
			found = str_dup(pointer);
		else if (strcmp(kind, "object") == 0)
			found = answer_of(d, m->all[i].schema, words, inner, pointer, depth + 1);
	}
	free(m);
	return found;
}

static _Bool add_answer(const struct paging *p, cJSON *page, const char *word, const char *words)
{
	_cleanup_(mem_freep) char *pointer = answer_of(p->d, p->answer, words, "", "", 0);

	if (pointer)
		json_set_text(page, word, pointer);
	return pointer != NULL;
}

/* The largest number behind "max" or "up to" in a description; 0 without one. */
static int64_t told_maximum(const char *text)
{
	static const char *const marks[] = {
		"maximum", "max", "up to", "between 1 and", "exceed", "1-", "1 to"};

	for (size_t i = 0; text && i < ARRAY_LEN(marks); i++) {
		const char *at = strcasestr(text, marks[i]);

		if (!at)
			continue;
		at += strlen(marks[i]);
		for (int n = 0; *at && !isdigit((unsigned char)*at) && n < 24; n++)
			at++;
		if (isdigit((unsigned char)*at) && strtoll(at, NULL, 10) > 1 &&
			strtoll(at, NULL, 10) <= 100000)
			return strtoll(at, NULL, 10);
	}
	return 0;
}

static void add_size(const struct paging *p, cJSON *page)
{
	const cJSON *size = param_of(p, size_words), *schema;
	int64_t max = 0;

	if (!size || str_equal(json_get_text(size, "name"), json_get_text(page, "param")))
		return;
	schema = spec_param_schema(p->d, size);
	if (json_int64(json_get(schema, "maximum"), &max) < 0 || max < 1 || max > 100000)
		max = told_maximum(json_get_text(size, "description"));
	if (!max)
		draft_ask(p->d, p->t->type->name, "the largest \"%s\": %d is a guess",
			json_get_text(size, "name"), PAGE_SIZE);
	json_set_text(page, "size", json_get_text(size, "name"));
	json_set(page, "max", json_new_int(max ? max : PAGE_SIZE));
}

static void add_totals(const struct paging *p, cJSON *page)
{
	add_answer(p, page, "total",
		"total totalcount totalentries totalitems totalrecords totalresults meta/total "
		"meta/totalcount "
		"pagination/total pagination/totalcount pagination/itemcount paging/total "
		"meta/pagination/total "
		"metadata/total response/result/total");
	add_answer(p, page, "pages",
		"totalpages pages pagecount lastpage meta/totalpages meta/lastpage pagination/totalpages "
		"pagination/pages "
		"pagination/pagecount meta/pagination/totalpages response/result/pages pages/totalpages");
	if (!json_get(page, "total") && !json_get(page, "pages"))
		add_answer(p, page, "more",
			"hasmore more hasnext hasnextpage meta/hasmore pagination/hasmore "
			"additionaldata/pagination/moreitemsincollection "
			"info/morerecords pagecontext/hasmorepage");
}

static _Bool by_cursor(const struct paging *p, cJSON *page)
{
	const cJSON *param = param_of(p, "cursor after pagetoken pagecursor nextcursor startcursor nexttoken "
					 "continuationtoken startingafter "
					 "nextpagetoken pageafter offset");

	if (!param ||
		!add_answer(p, page, "next",
			"nextcursor nextpagetoken nexttoken cursor endcursor pagetoken paging/next/after "
			"paging/cursors/after meta/nextcursor meta/cursor meta/cursors/next "
			"pagination/nextcursor "
			"nextpage/offset additionaldata/nextcursor pageinfo/endcursor cursors/after "
			"metadata/nextcursor continuationtoken nextcontinuationtoken meta/page/after "
			"pages/next/startingafter responsemetadata/nextcursor info/nextpagetoken"))
		return 0;
	json_set_text(page, "by", "cursor");
	json_set_text(page, "param", json_get_text(param, "name"));
	return 1;
}

static _Bool by_last_id(const struct paging *p, cJSON *page)
{
	const cJSON *param = param_of(p, "startingafter afterid lastid sinceid");

	if (!param)
		return 0;
	json_set_text(page, "by", "last_id");
	json_set_text(page, "param", json_get_text(param, "name"));
	add_answer(p, page, "more", "hasmore more");
	return 1;
}

/* A Link header that is documented, or an address of the next page in the answer. */
static _Bool by_link(const struct paging *p, cJSON *page)
{
	const cJSON *success = spec_success(p->d, spec_operation(p->t->list_item, "get")), *header;
	_Bool found = 0;

	cJSON_ArrayForEach (header, json_get(success, "headers"))
		found |= header->string && strcasecmp(header->string, "Link") == 0;
	if (!found)
		found = add_answer(p, page, "next",
			"next nextpageurl nextpageuri nextlink odatanextlink links/next links/next/href "
			"paging/next paging/next/link "
			"pagination/next meta/next nextpage/uri nextrecordsurl meta/pagination/links/next");
	if (found)
		json_set_text(page, "by", "link");
	return found;
}

static _Bool by_number(const struct paging *p, cJSON *page, const char *by, const char *words)
{
	const cJSON *param = param_of(p, words), *schema = param ? spec_param_schema(p->d, param) : NULL;
	int64_t first = 1;

	if (!param)
		return 0;
	json_set_text(page, "by", by);
	json_set_text(page, "param", json_get_text(param, "name"));
	/* Without a default the smallest is the first. */
	if (json_int64(json_get(schema, "default"), &first) < 0)
		(void)json_int64(json_get(schema, "minimum"), &first);
	if (strcmp(by, "page") == 0 && first == 0)
		json_set(page, "first", json_new_int(0));
	return 1;
}

/* The words in the order in which manifests have them. */
static cJSON *in_order(cJSON *page)
{
	static const char *const words[] = {
		"by", "param", "size", "max", "first", "total", "pages", "more", "last", "next"};
	cJSON *ordered = cJSON_CreateObject();

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		cJSON *item = cJSON_DetachItemFromObjectCaseSensitive(page, words[i]);

		if (item)
			cJSON_AddItemToObject(ordered, words[i], item);
	}
	cJSON_Delete(page);
	return ordered;
}

cJSON *draft_page(struct draft *d, const struct draft_type *t)
{
	const cJSON *operation = spec_operation(t->list_item, "get");
	struct paging p = {.d = d, .t = t, .answer = spec_answer(d, operation)};
	cJSON *page = cJSON_CreateObject();
	_Bool last = 0;

	spec_params(d, t->list_item, operation, &p.params);
	if (!by_cursor(&p, page) && !(last = by_last_id(&p, page)) && !by_link(&p, page) &&
		!by_number(&p, page, "page", "page pagenumber pageno pageindex currentpage p pagenum") &&
		!by_number(&p, page, "offset", "offset skip start startat startindex startposition from")) {
		cJSON_Delete(page);
		return NULL;
	}
	add_size(&p, page);
	if (!last && !json_get(page, "next"))
		add_totals(&p, page);
	return in_order(page);
}
