/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzz target for codec/contentline, vcard and ical: what is parsed prints as it came, and a changed line, or a changed part of a
 * card or task, changes nothing else.
 *
 * Input: one byte that selects a line or a part, the text, and, behind a byte 0xff, the new value.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "seamfs/base/mem.h"
#include "seamfs/codec/contentline.h"
#include "seamfs/codec/ical.h"
#include "seamfs/codec/json.h"
#include "seamfs/codec/utf8.h"
#include "seamfs/codec/vcard.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define must(condition)                                                                                      \
	do {                                                                                                 \
		if (!(condition))                                                                            \
			abort();                                                                             \
	} while (0)

static struct content *reparse(const struct content *c)
{
	struct buf b = BUF_INIT(BUF_MAX_TEXT);
	struct content *again = NULL;

	must(content_print(c, &b) == 0);
	must(content_parse(buf_text(&b), b.len, &again, NULL) == 0);
	must(content_count(again) == content_count(c));
	buf_finish(&b);
	return again;
}

static void change_line(const char *text, size_t len, int line, const char *value)
{
	_cleanup_(content_freep) struct content *before = NULL, *changed = NULL, *again = NULL;

	must(content_parse(text, len, &before, NULL) == 0);
	must(content_parse(text, len, &changed, NULL) == 0);
	if (!content_count(before))
		return;
	line %= content_count(before);
	if (!*content_name(before, line))
		return;
	content_set(changed, line, value);
	again = reparse(changed);
	for (int i = 0; i < content_count(before); i++) {
		const struct content *want = i == line ? changed : before;

		must(strcmp(content_name(again, i), content_name(before, i)) == 0);
		must(strcmp(content_value(again, i), content_value(want, i)) == 0);
	}
}

static void change_card(const char *text, size_t len, enum vcard_part part, const char *value)
{
	_cleanup_(vcard_freep) struct vcard *v = NULL, *again = NULL;
	_cleanup_(buf_finish) struct buf b = BUF_INIT(BUF_MAX_TEXT);
	_cleanup_(mem_freep) char *now = NULL, *then = NULL;

	if (vcard_parse(text, len, &v, NULL) < 0)
		return;
	now = vcard_get(v, part);
	vcard_set(v, part, now);
	vcard_kind(v);
	if (part != VCARD_NAME) {
		vcard_print(v, &b);
		must(b.len == len && memcmp(buf_text(&b), text, len) == 0);
	}
	if (utf8_valid(value, strlen(value)))
		vcard_set(v, part, value);
	now = (free(now), vcard_get(v, part));
	buf_clear(&b);
	vcard_print(v, &b);
	must(vcard_parse(buf_text(&b), b.len, &again, NULL) == 0);
	then = vcard_get(again, part);
	must(str_equal(now, then));
}

static void change_task(const char *text, size_t len, const char *value)
{
	_cleanup_(ical_freep) struct ical *i = NULL, *again = NULL;
	_cleanup_(buf_finish) struct buf b = BUF_INIT(BUF_MAX_TEXT);
	_cleanup_json_ cJSON *tags = NULL;
	char date[11];

	if (ical_parse(text, len, &i, NULL) < 0)
		return;
	tags = ical_tags(i, "CATEGORIES");
	ical_set_tags(i, "CATEGORIES", tags);
	ical_print(i, &b);
	must(b.len == len && memcmp(buf_text(&b), text, len) == 0);
	ical_set_text(i, "SUMMARY", value);
	ical_set_date(i, "DTSTART", "2026-12-31");
	ical_set_date(i, "DUE", "2027-01-01");
	ical_touch(i, 0);
	must(ical_date(i, "DUE", date) == 0 && strcmp(date, "2027-01-01") == 0);
	buf_clear(&b);
	ical_print(i, &b);
	must(ical_parse(buf_text(&b), b.len, &again, NULL) == 0);
	must(ical_date(again, "DTSTART", date) == 0 && strcmp(date, "2026-12-31") == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(content_freep) struct content *c = NULL;
	_cleanup_(buf_finish) struct buf printed = BUF_INIT(BUF_MAX_TEXT);
	_cleanup_(mem_freep) char *text = NULL, *value = NULL;
	const uint8_t *mark;
	size_t len;

	if (size < 1)
		return 0;
	mark = memchr(data + 1, 0xff, size - 1);
	len = mark ? (size_t)(mark - data) - 1 : size - 1;
	text = mem_dup(data + 1, len);
	value = mark ? mem_dup(mark + 1, size - len - 2) : str_dup("new");
	if (content_parse(text, len, &c, NULL) < 0)
		return 0;
	must(content_print(c, &printed) == 0);
	must(printed.len == len && memcmp(buf_text(&printed), text, len) == 0);
	change_line(text, len, data[0], value);
	change_card(text, len, data[0] % VCARD_PART_COUNT, value);
	change_task(text, len, value);
	return 0;
}
