/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/codec/json.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "codec/json_scan.h"
#include "seamfs/base/mem.h"

/* Strings that begin with the scanner's mark are numbers: turn them into raw nodes. */
static void restore_numbers(cJSON *item)
{
	cJSON *child;

	if (cJSON_IsString(item) && item->valuestring[0] == JSON_NUMBER_MARK) {
		memmove(item->valuestring, item->valuestring + 1, strlen(item->valuestring));
		item->type = (item->type & ~0xff) | cJSON_Raw;
	}
	cJSON_ArrayForEach (child, item)
		restore_numbers(child);
}

static int compare_keys(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The first key that one object has twice, or NULL: which of them a reader means cannot be known. */
static const char *repeated_key(const cJSON *item)
{
	int n = cJSON_IsObject(item) ? cJSON_GetArraySize(item) : 0, i = 0;
	const char **keys = mem_alloc((size_t)n * sizeof(*keys)), *found = NULL;
	const cJSON *child;

	cJSON_ArrayForEach (child, item) {
		if (n)
			keys[i++] = child->string;
	}
	qsort(keys, (size_t)n, sizeof(*keys), compare_keys);
	for (i = 1; i < n && !found; i++)
		found = strcmp(keys[i - 1], keys[i]) == 0 ? keys[i] : NULL;
	free(keys);
	cJSON_ArrayForEach (child, item) {
		if (!found)
			found = repeated_key(child);
	}
	return found;
}

int json_parse(
	const char *text, size_t len, unsigned flags, cJSON **ret, struct json_place *place, struct err *e)
{
	struct buf clean = BUF_INIT(len * 3 + 64);
	struct json_place dummy = {1, 1};
	cJSON *root;
	int r;

	r = json_scan(text, len, flags, &clean, place ? place : &dummy, e);
	if (r < 0) {
		buf_finish(&clean);
		/* Who asks for the place words it; for all others it is in the sentence. */
		if (!place && e) {
			char where[64];

			snprintf(where, sizeof(where), "line %u, column %u", dummy.line, dummy.column);
			err_prefix(e, where);
		}
		return r;
	}
	root = cJSON_ParseWithLengthOpts(buf_text(&clean), clean.len + 1, NULL, 1);
	buf_finish(&clean);
	if (!root)
		return err_set(e, EINVAL, "not valid JSON");
	restore_numbers(root);
	if (!(flags & JSON_REMOTE) && repeated_key(root)) {
		_cleanup_(mem_freep) char *pointer = str_format("/%s", repeated_key(root));

		if (place)
			*place = json_locate(text, len, pointer);
		r = err_set(e, EINVAL, "the key \"%s\" stands twice in one object", repeated_key(root));
		cJSON_Delete(root);
		return r;
	}
	*ret = root;
	return 0;
}

cJSON *json_stored(const char *text)
{
	cJSON *item = NULL;

	if (!text || !text[0] || json_parse(text, strlen(text), JSON_REMOTE, &item, NULL, NULL) < 0)
		return NULL;
	return item;
}

char *json_print(const cJSON *item)
{
	char *text = cJSON_PrintUnformatted(item);

	if (!text)
		abort();
	return text;
}

int json_quote(struct buf *b, const char *text)
{
	static const char *const names[] = {
		['\b'] = "\\b", ['\f'] = "\\f", ['\n'] = "\\n", ['\r'] = "\\r", ['\t'] = "\\t"};

	buf_putc(b, '"');
	for (const char *p = text; *p; p++) {
		unsigned char c = (unsigned char)*p;

		if (c == '"' || c == '\\')
			buf_printf(b, "\\%c", c);
		else if (c < ARRAY_LEN(names) && names[c])
			buf_puts(b, names[c]);
		else if (c < 0x20)
			buf_printf(b, "\\u%04x", c);
		else
			buf_putc(b, (char)c);
	}
	return buf_putc(b, '"');
}

static void pretty(struct buf *b, const cJSON *item, int depth)
{
	_Bool object = cJSON_IsObject(item);
	cJSON *child;

	if (cJSON_IsString(item)) {
		json_quote(b, item->valuestring);
		return;
	}
	if (!object && !cJSON_IsArray(item)) {
		_cleanup_(mem_freep) char *text = json_print(item);

		buf_puts(b, text);
		return;
	}
	if (!item->child) {
		buf_puts(b, object ? "{}" : "[]");
		return;
	}
	buf_putc(b, object ? '{' : '[');
	cJSON_ArrayForEach (child, item) {
		buf_printf(b, "%s\n%*s", child == item->child ? "" : ",", (depth + 1) * 2, "");
		if (object) {
			json_quote(b, child->string);
			buf_puts(b, ": ");
		}
		pretty(b, child, depth + 1);
	}
	buf_printf(b, "\n%*s%c", depth * 2, "", object ? '}' : ']');
}

int json_pretty(struct buf *b, const cJSON *item)
{
	pretty(b, item, 0);
	return buf_putc(b, '\n');
}

const char *json_number(const cJSON *item)
{
	return item && cJSON_IsRaw(item) ? item->valuestring : NULL;
}

int json_int64(const cJSON *item, int64_t *ret)
{
	const char *digits = json_number(item);
	long long value;
	char *end;

	if (!digits)
		return -EINVAL;
	errno = 0;
	value = strtoll(digits, &end, 10);
	if (errno || *end || end == digits)
		return -EINVAL;
	*ret = value;
	return 0;
}

_Bool json_whole(const char *digits)
{
	size_t len = strspn(digits, "0123456789");

	return len > 0 && !digits[len] && (digits[0] != '0' || len == 1);
}

cJSON *json_new_number(const char *digits)
{
	cJSON *item = cJSON_CreateRaw(digits);

	if (!item)
		abort();
	return item;
}

cJSON *json_new_int(int64_t value)
{
	char digits[24];

	snprintf(digits, sizeof(digits), "%lld", (long long)value);
	return json_new_number(digits);
}

const char *json_text(const cJSON *item)
{
	return item && cJSON_IsString(item) ? item->valuestring : NULL;
}

const char *json_scalar(const cJSON *item)
{
	if (cJSON_IsBool(item))
		return cJSON_IsTrue(item) ? "true" : "false";
	return json_text(item) ? json_text(item) : json_number(item);
}

cJSON *json_get(const cJSON *object, const char *key)
{
	return object ? cJSON_GetObjectItemCaseSensitive(object, key) : NULL;
}

const char *json_get_text(const cJSON *object, const char *key)
{
	return json_text(json_get(object, key));
}

void json_set(cJSON *object, const char *key, cJSON *item)
{
	if (!cJSON_ReplaceItemInObjectCaseSensitive(object, key, item))
		cJSON_AddItemToObject(object, key, item);
}

void json_set_text(cJSON *object, const char *key, const char *text)
{
	json_set(object, key, cJSON_CreateString(text));
}

/* Reads one step of a pointer into @step and returns what follows; NULL when the step is too long. */
static const char *next_step(const char *pointer, char *step, size_t size)
{
	size_t n = 0;

	for (pointer++; *pointer && *pointer != '/'; pointer++) {
		char c = *pointer;

		if (c == '~' && (pointer[1] == '0' || pointer[1] == '1'))
			c = *++pointer == '0' ? '~' : '/';
		if (n + 1 >= size)
			return NULL;
		step[n++] = c;
	}
	step[n] = '\0';
	return pointer;
}

/* The element of @list that a step "name=value" means: the first whose member is that. */
static cJSON *selected(const cJSON *list, const char *step)
{
	const char *equals = strchr(step, '=');
	_cleanup_(mem_freep) char *name = equals ? mem_dup(step, (size_t)(equals - step)) : NULL;
	cJSON *element;

	if (!equals)
		return NULL;
	cJSON_ArrayForEach (element, list) {
		if (str_equal(json_scalar(json_get(element, name)), equals + 1))
			return element;
	}
	return NULL;
}

static cJSON *child_of(const cJSON *item, const char *step)
{
	char *end;
	long index;

	if (cJSON_IsObject(item))
		return json_get(item, step);
	if (!cJSON_IsArray(item))
		return NULL;
	if (!isdigit((unsigned char)step[0]) || strchr(step, '='))
		return selected(item, step);
	index = strtol(step, &end, 10);
	return *end || index > 1000000 ? NULL : cJSON_GetArrayItem(item, (int)index);
}

cJSON *json_at(const cJSON *root, const char *pointer)
{
	char step[256];

	while (root && *pointer) {
		if (*pointer != '/')
			return NULL;
		pointer = next_step(pointer, step, sizeof(step));
		if (!pointer)
			return NULL;
		root = child_of(root, step);
	}
	return (cJSON *)root;
}

/* Whether what is missing under a step has to be a list: the next step counts, or chooses. */
static _Bool wants_list(const char *pointer)
{
	size_t len = strcspn(pointer + 1, "/");

	return (len == 1 && pointer[1] == '0') || memchr(pointer + 1, '=', len);
}

/* Adds an element for @step at the end of @list: "name=value" makes one that has that member. NULL: no place for it. */
static cJSON *add_element(cJSON *list, const char *step, cJSON *item)
{
	const char *equals = strchr(step, '=');
	_cleanup_(mem_freep) char *name = equals ? mem_dup(step, (size_t)(equals - step)) : NULL;
	char count[16];

	snprintf(count, sizeof(count), "%d", cJSON_GetArraySize(list));
	if (!equals && strcmp(step, count) != 0)
		return NULL;
	if (equals && cJSON_IsObject(item) && !json_get(item, name))
		json_set_text(item, name, equals + 1);
	cJSON_AddItemToArray(list, item);
	return item;
}

/* Puts @item (taken) at one step, in place of what is there. NULL when there is no such place. */
static cJSON *put_step(cJSON *root, const char *step, cJSON *item)
{
	cJSON *old = child_of(root, step);

	if (cJSON_IsObject(root))
		json_set(root, step, item);
	else if (cJSON_IsArray(root) && old)
		cJSON_ReplaceItemViaPointer(root, old, item);
	else if (!cJSON_IsArray(root) || !add_element(root, step, item)) {
		cJSON_Delete(item);
		return NULL;
	}
	return item;
}

int json_put(cJSON *root, const char *pointer, cJSON *item)
{
	char step[256];

	while (*pointer == '/') {
		cJSON *child;

		pointer = next_step(pointer, step, sizeof(step));
		if (!pointer)
			break;
		if (!*pointer)
			return put_step(root, step, item) ? 0 : -EINVAL;
		child = child_of(root, step);
		if (!child)
			child = put_step(
				root, step, wants_list(pointer) ? cJSON_CreateArray() : cJSON_CreateObject());
		if (!child)
			break;
		root = child;
	}
	cJSON_Delete(item);
	return -EINVAL;
}

_Bool json_equal(const cJSON *a, const cJSON *b)
{
	if (a && cJSON_IsNull(a))
		a = NULL;
	if (b && cJSON_IsNull(b))
		b = NULL;
	if (!a || !b)
		return a == b;
	return cJSON_Compare(a, b, 1);
}

void json_freep(cJSON **item)
{
	cJSON_Delete(*item);
}
