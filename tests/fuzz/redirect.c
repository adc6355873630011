/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzz target for what a browser brings back from a login: a query that is taken apart and put together again is the same, and
 * nothing counts as the answer to this login but what has its state.
 */
#include <stdint.h>

#include "net/oauth_login.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define must(condition)                                                                                      \
	do {                                                                                                 \
		if (!(condition))                                                                            \
			abort();                                                                             \
	} while (0)

static void put_together(const cJSON *all, size_t size)
{
	struct buf url = BUF_INIT(size * 8 + 64);
	const cJSON *param;
	cJSON *again;

	buf_putc(&url, '?');
	cJSON_ArrayForEach (param, all) {
		must(strlen(param->string) + strlen(json_text(param)) <= size);
		http_add_query(&url, param->string, json_text(param));
	}
	must(!url.error);
	again = parse_query(buf_text(&url) + 1);
	must(json_equal(all, again));
	must(cJSON_GetArraySize(all) == cJSON_GetArraySize(again));
	cJSON_Delete(again);
	buf_finish(&url);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(mem_freep) char *text = mem_dup(data, size);
	_cleanup_(mem_freep) char *pasted = NULL;
	struct oauth_login login = {.state = (char[]){"s%ta te"}};
	struct oauth o = {.setup = {.redirect = text}};
	cJSON *all = parse_query(text), *answer = parse_answer(&login, text);
	int port = oauth_login_port(&o);

	put_together(all, size);
	must(oauth_login_mine(&login, text) == str_equal(json_get_text(all, "state"), login.state));
	must(json_get(answer, "code") || strchr(text, '?') || json_get(all, "state") ||
		json_get(all, "error"));
	must(port >= -1 && port < 65536);
	oauth_wipe_json(all);
	oauth_wipe_json(answer);
	return 0;
}
