/* SPDX-License-Identifier: Apache-2.0 */
/* The first login: the address for the browser, and what comes back from it. */
#include <sys/stat.h>

#include "seamfs/net/crypto.h"
#include "unit/net/account.h"

TEST(address)
{
	struct account a;
	struct oauth_login l = {0};
	unsigned char hash[CRYPTO_SHA256_SIZE];
	_cleanup_(buf_finish) struct buf want = BUF_INIT(1000);
	_cleanup_json_ cJSON *params = fake_json("{\"access_type\": \"offline\"}");

	begin(&a, OAUTH_CODE, "{}");
	a.setup.params = params;
	a.setup.scopes = "a.read b";
	check_int(reopen(&a), 0);
	check_int(oauth_login_begin(a.oauth, 1234, &l, &a.e), 0);
	check_int(strlen(l.state), 43);
	check_int(strlen(l.verifier), 43);
	check(strcmp(l.state, l.verifier) != 0);
	crypto_sha256(l.verifier, strlen(l.verifier), hash);
	buf_printf(&want,
		"https://crm.example/authorize?x=1&response_type=code&client_id=me"
		"&redirect_uri=http%%3A%%2F%%2F127.0.0.1%%3A1234%%2F&scope=a.read%%20b&state=%s&code_"
		"challenge=",
		l.state);
	crypto_base64url(&want, hash, sizeof(hash));
	buf_puts(&want, "&code_challenge_method=S256&access_type=offline");
	check_text(l.url, buf_text(&want));
	oauth_login_finish(&l);
	end(&a);
}

TEST(ports)
{
	static const struct {
		const char *redirect;
		int port;
	} cases[] = {{NULL, 0}, {"http://127.0.0.1:8400/cb", 8400}, {"http://localhost:99", 99},
		{"http://localhost/x", 80}, {"https://example.com/", -1},
		{"http://localhost.example:80/", -1}, {"http://127.0.0.1:70000/", -1},
		{"https://localhost:80/", -1}};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct account a;
		struct oauth_login l = {0};

		begin(&a, OAUTH_CODE, "{}");
		a.setup.redirect = cases[i].redirect;
		check_int(reopen(&a), 0);
		check_int(oauth_login_port(a.oauth), cases[i].port);
		check_int(oauth_login_begin(a.oauth, 5, &l, NULL), 0);
		check_text(l.redirect, cases[i].redirect ? cases[i].redirect : "http://127.0.0.1:5/");
		oauth_login_finish(&l);
		end(&a);
	}
}

TEST(redeem)
{
	struct account a;
	struct oauth_login l = {0};
	struct stat st;
	_cleanup_(mem_freep) char *answer = NULL;
	_cleanup_(mem_freep) char *sent = NULL;

	begin(&a, OAUTH_CODE,
		"{\"json\": {\"access_token\": \"A1\", \"refresh_token\": \"R1\", \"expires_in\": \"3600\", "
		"\"api_domain\": \"https://eu.crm.example\", \"n\": 90071992547409931}}");
	check_int(reopen(&a), 0);
	check_text(token(&a), "");
	check_int(a.e.code, EACCES);
	check_int(a.e.retry, ERR_AFTER_USER);
	check_text(a.e.text, "crm is not logged in yet: run \"seamfs tool login crm\"");
	check_int(oauth_login_begin(a.oauth, 1234, &l, &a.e), 0);
	answer = str_format("http://127.0.0.1:1234/?code=C%%2f1+x&state=%s&realmId=77#_\n", l.state);
	check_int(oauth_login_redeem(a.oauth, &l, answer, &a.e), 0);
	check_text(token(&a), "A1");
	check_text(oauth_kept(a.oauth, "realm"), "77");
	check_text(oauth_kept(a.oauth, "domain"), "https://eu.crm.example");
	check_text(oauth_kept(a.oauth, "number"), "90071992547409931");
	check(!oauth_kept(a.oauth, "code"));
	check_int(asked(&a), 1);
	sent = str_format("grant_type=authorization_code&code=C%%2F1%%20x&redirect_uri=http%%3A%%2F%%2F127.0."
			  "0.1%%3A1234%%2F"
			  "&code_verifier=%s\"",
		l.verifier);
	check_int(fake_logged(&a.fake, sent), 1);
	/* "me:pass%3Aword" */
	check_int(fake_logged(&a.fake, "\"authorization\": \"Basic bWU6cGFzcyUzQXdvcmQ=\""), 1);
	check_int(fake_logged(&a.fake, "\"content-type\": \"application/x-www-form-urlencoded\""), 1);
	check_int(fake_logged(&a.fake, "\"accept\": \"application/json\""), 1);
	check_int(stat(a.path, &st), 0);
	check_int(st.st_mode & 07777, 0600);
	/* What is in the file is all that another program needs. */
	check_int(reopen(&a), 0);
	check_text(token(&a), "A1");
	check_text(oauth_kept(a.oauth, "realm"), "77");
	check_int(asked(&a), 1);
	oauth_login_finish(&l);
	end(&a);
}

TEST(redeem_refused)
{
	static const struct {
		const char *answer; /* %s: the state */
		const char *reason;
	} cases[] = {
		{"code=C1&state=abc", "not the answer to this login"},
		{"code=C1", "not the answer to this login"},
		{"code=C1&state=", "not the answer to this login"},
		{"code=C1&state=%sx", "not the answer to this login"},
		{"http://127.0.0.1/?state=%s", "no code"},
		{"error=access_denied&error_description=she+said%%0Ano&state=%s",
			"(access_denied: she said no)"},
		{"error=access_denied%%ff&state=%s", "cannot be shown"},
		{"error=access_denied&state=no", "not the answer to this login"},
	};
	struct account a;
	struct oauth_login l = {0};

	begin(&a, OAUTH_CODE, REFRESHED("A1", "R1"));
	check_int(reopen(&a), 0);
	check_int(oauth_login_begin(a.oauth, 1234, &l, &a.e), 0);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		_cleanup_(mem_freep) char *answer = str_format(cases[i].answer, l.state);

		check_int(oauth_login_redeem(a.oauth, &l, answer, &a.e), -EACCES);
		if (!strstr(a.e.text, cases[i].reason))
			check_text(a.e.text, cases[i].reason);
	}
	check_int(asked(&a), 0);
	check(access(a.path, F_OK) < 0);
	check(!oauth_login_mine(&l, "state=abc&code=1"));
	check(!oauth_login_mine(&l, ""));
	/* A person may paste the code alone, as the address bar has it. */
	check_int(oauth_login_redeem(a.oauth, &l, "C%2F1=\n", &a.e), 0);
	check_int(fake_logged(&a.fake, "&code=C%2F1%3D&"), 1);
	check_text(token(&a), "A1");
	oauth_login_finish(&l);
	end(&a);
}

/* Another login has nothing of the one before; one that fails changes nothing. */
TEST(second_login)
{
	struct account a;
	struct oauth_login l = {0};
	_cleanup_(mem_freep) char *answer = NULL;

	begin(&a, OAUTH_CODE, DENIED(400, "invalid_grant") ", {\"json\": {\"access_token\": \"A2\"}}");
	put_login(&a, "me", "A1", "R1", 3600);
	check_int(reopen(&a), 0);
	check_int(oauth_login_begin(a.oauth, 1, &l, &a.e), 0);
	answer = str_format("code=SECRETCODE&state=%s", l.state);
	check_int(oauth_login_redeem(a.oauth, &l, answer, &a.e), -EACCES);
	check(!strstr(a.e.text, "SECRETCODE"));
	check_text(token(&a), "A1");
	check_text(oauth_kept(a.oauth, "realm"), "9");
	check_int(oauth_login_redeem(a.oauth, &l, answer, &a.e), 0);
	check_text(token(&a), "A2");
	check(!oauth_kept(a.oauth, "realm"));
	check(!in_file(&a, "R1"));
	oauth_login_finish(&l);
	end(&a);
}

TEST_MAIN(TEST_RUN(address), TEST_RUN(ports), TEST_RUN(redeem), TEST_RUN(redeem_refused),
	TEST_RUN(second_login))
