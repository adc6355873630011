/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzz target for the Link header of a listing: what is taken out of it stands in it, and a next page on the tool's
 * own origin is asked of the tool's own host.
 */
#include <stdint.h>

#include "connect/pages.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define must(condition)                                                                                      \
	do {                                                                                                 \
		if (!(condition))                                                                            \
			abort();                                                                             \
	} while (0)

static const char base[] = "https://tool.example/api/items?page=1";

/* Whether an address that was resolved goes to the host of @base, whatever name stands before an '@'. */
static _Bool at_home(const char *url)
{
	static const char *const hosts[] = {"tool.example", "tool.example:443"};
	const char *host = url + strlen("https://"), *at;
	size_t len;

	if (strncmp(url, "https://", strlen("https://")) != 0)
		return 0;
	len = strcspn(host, "/?#");
	at = memrchr(host, '@', len);
	if (at) {
		len -= (size_t)(at + 1 - host);
		host = at + 1;
	}
	for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
		if (strlen(hosts[i]) == len && strncasecmp(host, hosts[i], len) == 0)
			return 1;
	}
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(mem_freep) char *header = mem_dup(data, size);
	_cleanup_(mem_freep) char *next = next_link(header);
	_cleanup_(mem_freep) char *around = NULL;
	_cleanup_(mem_freep) char *whole = NULL;

	if (!next)
		return 0;
	around = str_format("<%s>", next);
	must(strstr(header, around));
	whole = http_resolve(base, next);
	if (whole && http_same_origin(whole, base))
		must(at_home(whole));
	return 0;
}
