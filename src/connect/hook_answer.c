/* SPDX-License-Identifier: Apache-2.0 */
/* Handshakes: what a tool asks before it sends anything, so that nobody is made to listen against his will. */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "connect/hook_words.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "seamfs/net/crypto.h"

enum { ECHO_MAX = 1024 };

static int hex_digit(char c)
{
	const char *digits = "0123456789abcdef", *at = c ? strchr(digits, c | 0x20) : NULL;

	return at ? (int)(at - digits) : -1;
}

static char *decode(const char *text, size_t len)
{
	struct buf b = BUF_INIT(ECHO_MAX);

	for (size_t i = 0; i < len; i++) {
		int high = text[i] == '%' && i + 2 < len ? hex_digit(text[i + 1]) : -1;
		int low = high >= 0 ? hex_digit(text[i + 2]) : -1;

		char c = text[i];

		if (c == '+')
			c = ' ';
		if (low >= 0) {
			c = (char)(high << 4 | low);
			i += 2;
		}
		buf_putc(&b, c);
	}
	if (b.error || strlen(buf_text(&b)) != b.len) {
		buf_finish(&b);
		return NULL;
	}
	return buf_steal(&b);
}

char *hook_query(const char *target, const char *name)
{
	const char *at = strchr(target, '?');
	size_t name_len = strlen(name);

	while (at && *at) {
		size_t len = strcspn(++at, "&");

		if (len > name_len && strncmp(at, name, name_len) == 0 && at[name_len] == '=')
			return decode(at + name_len + 1, len - name_len - 1);
		at += len;
	}
	return NULL;
}

/* Only what is short and printable goes back, whoever sent it. */
static _Bool may_echo(const char *text)
{
	for (const char *p = text; p && *p; p++) {
		if ((unsigned char)*p < ' ' || *p == 0x7f || p - text >= ECHO_MAX)
			return 0;
	}
	return text && *text;
}

/* A tool agrees on its secret once: else whoever knows the address could replace it. */
static int keep(const struct hook_request *r, const char *secret, struct hook_result *ret, struct err *e)
{
	if (r->kept && !crypto_equal(r->kept, strlen(r->kept), secret, strlen(secret)))
		return err_set(e, EACCES,
			"it offers another secret than it did before; \"seamfs tool hook NAME\" begins anew");
	if (!r->kept)
		ret->keep = str_dup(secret);
	return 0;
}

static int echo(const struct hook_request *r, const cJSON *answer, const char *text, struct hook_result *ret,
	struct err *e)
{
	const char *header = json_get_text(answer, "header"), *json = json_get_text(answer, "json");
	int result = 0;

	if (!may_echo(text))
		return 0;
	if (cJSON_IsTrue(json_get(answer, "keep")))
		result = keep(r, text, ret, e);
	if (result < 0)
		return result;
	ret->handshake = 1;
	if (header) {
		ret->header = str_dup(header);
		ret->value = str_dup(text);
	} else if (json) {
		_cleanup_json_ cJSON *object = cJSON_CreateObject();
		_cleanup_(mem_freep) char *line = NULL;

		json_set_text(object, json, text);
		line = json_print(object);
		buf_puts(&ret->body, line);
	} else if (!cJSON_IsTrue(json_get(answer, "keep"))) {
		buf_puts(&ret->body, text);
	}
	return 1;
}

static int one(const cJSON *answer, const struct hook_request *r, const cJSON *body, struct hook_result *ret,
	struct err *e)
{
	const char *header = json_get_text(answer, "header"), *query = json_get_text(answer, "query");
	const char *at = json_get_text(answer, "at"), *method = json_get_text(answer, "method");
	_cleanup_(mem_freep) char *given = NULL;

	if (method) {
		ret->handshake = strcasecmp(method, r->method) == 0;
		return ret->handshake;
	}
	given = header	? str_dup(r->header(r->context, header))
		: query ? hook_query(r->target, query)
			: str_dup(json_scalar(json_at(body, at)));
	return given ? echo(r, answer, given, ret, e) : 0;
}

int hook_answer(const struct hook *h, const struct hook_request *r, const cJSON *body,
	struct hook_result *ret, struct err *e)
{
	const cJSON *answer;
	int result = 0;

	cJSON_ArrayForEach (answer, json_get(h->words, "answers")) {
		if (result == 0)
			result = one(answer, r, body, ret, e);
	}
	return result;
}
