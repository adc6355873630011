/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/codec/company.h"

#include <ctype.h>
#include <string.h>

#include "seamfs/base/mem.h"
#include "seamfs/codec/name.h"

/* As they are without dots and slashes; in the order of strcmp() for people, not for the search. */
static const char *const forms[] = {"ab", "ag", "aps", "as", "bv", "co", "company", "corp", "corporation",
	"doo", "eg", "ek", "ev", "gbr", "gmbh", "inc", "kft", "kg", "kgaa", "limited", "llc", "llp", "lp",
	"ltd", "mbh", "nv", "ohg", "oo", "oy", "oyj", "plc", "pty", "sa", "sarl", "sas", "se", "sl", "sp",
	"spa", "spzoo", "srl", "sro", "und", "ug", "z", "zoo", "zrt"};

/* Where addresses of many people who have nothing to do with each other are. */
static const char *const providers[] = {"aol.com", "bluewin.ch", "free.fr", "freenet.de", "gmail.com",
	"gmx.at", "gmx.ch", "gmx.de", "gmx.net", "googlemail.com", "hotmail.com", "icloud.com", "libero.it",
	"live.com", "mail.com", "mail.ru", "mailbox.org", "me.com", "msn.com", "orange.fr", "outlook.com",
	"posteo.de", "proton.me", "protonmail.com", "t-online.de", "wanadoo.fr", "web.de", "wp.pl",
	"yahoo.com", "yandex.ru", "zoho.com"};

static _Bool is_one_of(const char *const *words, size_t count, const char *word)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(words[i], word) == 0)
			return 1;
	}
	return 0;
}

static _Bool is_letter(char c)
{
	return isalnum((unsigned char)c) || (c & 0x80);
}

char *company_name(const char *text)
{
	char *name = name_fold(text), *last;
	size_t n = 0;

	/* "B.V." and "A/S" are one word each; what else is no letter parts words. */
	for (const char *p = name; *p; p++) {
		if (is_letter(*p))
			name[n++] = *p;
		else if (*p != '.' && *p != '/' && *p != '\'' && n && name[n - 1] != ' ')
			name[n++] = ' ';
	}
	while (n && name[n - 1] == ' ')
		n--;
	name[n] = '\0';
	while ((last = strrchr(name, ' ')) && is_one_of(forms, ARRAY_LEN(forms), last + 1))
		*last = '\0';
	return name;
}

char *company_domain(const char *address)
{
	_cleanup_(mem_freep) char *fold = name_fold(address);
	const char *at = strchr(fold, '@'), *scheme = strstr(fold, "://");
	const char *begin = at ? at + 1 : scheme ? scheme + 3 : fold;
	_cleanup_(mem_freep) char *domain = NULL;

	if (strncmp(begin, "www.", 4) == 0)
		begin += 4;
	domain = mem_dup(begin, strcspn(begin, "/?#: "));
	if (!strchr(domain, '.') || is_one_of(providers, ARRAY_LEN(providers), domain))
		return NULL;
	return str_dup(domain);
}
