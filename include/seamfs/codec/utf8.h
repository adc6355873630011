/* SPDX-License-Identifier: Apache-2.0 */
/* utf8 - well-formed UTF-8 as RFC 3629 defines it.        Threads: any. */
#pragma once

#include <stddef.h>

/* utf8_length - bytes of the character at @p (1 to 4), 0 when it is malformed, overlong, a surrogate or cut off */
size_t utf8_length(const char *p, size_t available);

/* utf8_valid - whether all @len bytes are well-formed */
_Bool utf8_valid(const char *p, size_t len);

/* utf8_disarm - control characters, which a terminal would obey, become dots; line ends stay */
void utf8_disarm(char *text);

/* utf8_shorten - a text of more than @max bytes ends with "…" after a whole character, and has no more than that then */
void utf8_shorten(char *text, size_t max);
