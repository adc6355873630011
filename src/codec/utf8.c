/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/codec/utf8.h"

#include <string.h>
#include <sys/types.h>
#include <utf8proc.h>

size_t utf8_length(const char *p, size_t available)
{
	utf8proc_int32_t code;
	utf8proc_ssize_t n;

	if (!available)
		return 0;
	n = utf8proc_iterate((const utf8proc_uint8_t *)p, (utf8proc_ssize_t)available, &code);
	return n > 0 ? (size_t)n : 0;
}

_Bool utf8_valid(const char *p, size_t len)
{
	while (len) {
		size_t n = utf8_length(p, len);

		if (!n)
			return 0;
		p += n;
		len -= n;
	}
	return 1;
}

void utf8_shorten(char *text, size_t max)
{
	static const char dots[] = "…";
	size_t end = max - strlen(dots);

	if (strlen(text) <= max)
		return;
	while (end && ((unsigned char)text[end] & 0xc0) == 0x80)
		end--;
	memcpy(text + end, dots, sizeof(dots));
}

void utf8_disarm(char *text)
{
	for (unsigned char *p = (unsigned char *)text; *p; p++) {
		if ((*p < 0x20 && *p != '\n') || *p == 0x7f)
			*p = '.';
		/* U+0080 to U+009F */
		if (*p == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0)
			p[0] = p[1] = '.';
	}
}
