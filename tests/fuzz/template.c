/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzz target for connect/template: what is inserted stays inside of its place.
 *
 * Input: the template, and, behind each byte 0xff, the value of one more name.
 */
#include "connect/template.h"

#include <stdint.h>
#include <string.h>

#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "seamfs/codec/utf8.h"
#include "seamfs/net/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_VALUES = 6 };

#define must(condition)                                                                                      \
	do {                                                                                                 \
		if (!(condition))                                                                            \
			abort();                                                                             \
	} while (0)

/* Encodes as the engine does, between two bytes that no template has. */
static int marked(struct buf *b, const char *text)
{
	buf_putc(b, '\001');
	http_encode(b, text);
	return buf_putc(b, '\002');
}

/* What was inserted has no letter that means something in an address; the rest is the template's. */
static void check_address(const char *template, const struct template_values *v)
{
	struct buf out = BUF_INIT(BUF_MAX_RECORD);
	int r;

	buf_puts(&out, "before ");
	r = template_expand(template, v, marked, &out);
	must(r == 0 || r == TEMPLATE_ABSENT);
	must(strncmp(buf_text(&out), "before ", 7) == 0);
	must(r == 0 || out.len == 7);
	for (const char *p = strchr(buf_text(&out), '\001'); p; p = strchr(p, '\001')) {
		size_t len = strcspn(++p, "\001\002/?#&=+:@\\ \r\n\"<>{}");

		must(p[len] == '\002');
		p += len;
	}
	if (r == 0 && !strpbrk(template, "{}"))
		must(strcmp(buf_text(&out) + 7, template) == 0);
	buf_finish(&out);
}

/* Whatever stands in a value, the body is JSON of the same shape. */
static void check_body(const char *template, const struct template_values *v)
{
	_cleanup_json_ cJSON *body = cJSON_CreateObject();
	_cleanup_json_ cJSON *made = NULL;
	_cleanup_json_ cJSON *again = NULL;
	_cleanup_(mem_freep) char *text = NULL;

	json_set_text(body, "a", template);
	json_set(body, "b", cJSON_CreateArray());
	cJSON_AddItemToArray(json_get(body, "b"), cJSON_CreateString(template));
	made = template_body(body, v);
	text = json_print(made);
	must(json_parse(text, strlen(text), JSON_STRICT, &again, NULL, NULL) == 0);
	must(json_equal(made, again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *texts[MAX_VALUES + 1] = {0};
	struct setting setting = {.name = "setting"};
	struct template_values v = {.settings = &setting, .setting_count = 1};
	const uint8_t *end = data + size;
	size_t count = 0;
	_Bool clean = 1;

	for (const uint8_t *p = data; p < end && count <= MAX_VALUES; count++) {
		const uint8_t *mark = memchr(p, 0xff, (size_t)(end - p));

		texts[count] = mem_dup(p, (size_t)((mark ? mark : end) - p));
		clean &= utf8_valid(texts[count], strlen(texts[count])) && !strpbrk(texts[count], "\001\002");
		p = mark ? mark + 1 : end;
	}
	setting.text = texts[1];
	v.id = texts[2];
	v.id_parts = texts[3] ? (int)strlen(texts[3]) % 4 : 0;
	v.id_number = texts[4] != NULL;
	v.cursor = texts[5];
	v.since = texts[6];
	if (count && clean) {
		check_address(texts[0], &v);
		check_body(texts[0], &v);
	}
	for (size_t i = 0; i <= MAX_VALUES; i++)
		free(texts[i]);
	return 0;
}
