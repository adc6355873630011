/* SPDX-License-Identifier: Apache-2.0 */
/* Access tokens against a token endpoint that plays a script: renewed, taken back, used by two programs at once. */
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "seamfs/net/crypto.h"
#include "unit/net/account.h"
#include "unit/net/keys.h"

/* ---- Renewing ---- */

TEST(refresh)
{
	struct account a;

	begin(&a, OAUTH_CODE, REFRESHED("A2", "R2"));
	put_login(&a, "me", "A1", "R1", 50);
	check_int(reopen(&a), 0);
	check_text(token(&a), "A2");
	check_int(fake_logged(&a.fake, "\"grant_type=refresh_token&refresh_token=R1\""), 1);
	check(in_file(&a, "\"refresh_token\": \"R2\""));
	check(in_file(&a, "\"access_token\": \"A2\""));
	check_text(oauth_kept(a.oauth, "realm"), "9");
	check_text(token(&a), "A2");
	check_int(asked(&a), 1);
	check_int(reopen(&a), 0);
	check_text(token(&a), "A2");
	check_int(asked(&a), 1);
	end(&a);
}

TEST(expiry)
{
	static const struct {
		int left_s;
		const char *want;
	} cases[] = {{3600, "A1"}, {70, "A1"}, {55, "A2"}, {0, "A2"}, {-100, "A2"}};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct account a;

		begin(&a, OAUTH_CODE, "{\"json\": {\"access_token\": \"A2\", \"expires_in\": 3600}}");
		put_login(&a, "me", "A1", "R1", cases[i].left_s);
		check_int(reopen(&a), 0);
		check_text(token(&a), cases[i].want);
		/* A refresh token that is not given anew goes on. */
		check(in_file(&a, "R1"));
		end(&a);
	}
}

/* A token that lives for less than two minutes is used for half its life; one without an end, until it is refused. */
TEST(short_life)
{
	struct account a;

	begin(&a, OAUTH_CLIENT,
		"{\"json\": {\"access_token\": \"A1\", \"expires_in\": \"2\"}}, {\"json\": "
		"{\"access_token\": "
		"\"A2\"}}");
	check_int(reopen(&a), 0);
	check_text(token(&a), "A1");
	check_text(token(&a), "A1");
	check_int(asked(&a), 1);
	usleep(1200000);
	check_text(token(&a), "A2");
	check_text(token(&a), "A2");
	check_int(asked(&a), 2);
	end(&a);
}

TEST(no_refresh_token)
{
	struct account a;

	begin(&a, OAUTH_CODE, "{}");
	put_login(&a, "me", "A1", NULL, -5);
	check_int(reopen(&a), 0);
	check_text(token(&a), "");
	check_text(a.e.text, "crm is logged out (its access token has ended): run \"seamfs tool login crm\"");
	check_int(asked(&a), 0);
	end(&a);
}

/* 401: renewed once; when that does not help it is not the token. */
TEST(refused)
{
	struct account a;

	begin(&a, OAUTH_CODE, REFRESHED("A2", "R2") ", " REFRESHED("A3", "R3"));
	put_login(&a, "me", "A1", "R1", 3600);
	check_int(reopen(&a), 0);
	check_text(token(&a), "A1");
	check(oauth_refused(a.oauth));
	check_text(token(&a), "A2");
	check(!oauth_refused(a.oauth));
	check_text(token(&a), "A2");
	check(!oauth_refused(a.oauth));
	check_text(token(&a), "A2");
	check_int(asked(&a), 1);
	/* It is asked for again: it was good. */
	check_text(token(&a), "A2");
	check(oauth_refused(a.oauth));
	check_text(token(&a), "A3");
	check(!oauth_refused(a.oauth));
	check_int(asked(&a), 2);
	end(&a);
}

/* The token that was refused is an old one: another program has renewed it. */
TEST(refused_old)
{
	struct account a;

	begin(&a, OAUTH_CODE, REFRESHED("A3", "R3"));
	put_login(&a, "me", "A1", "R1", 3600);
	check_int(reopen(&a), 0);
	check_text(token(&a), "A1");
	put_login(&a, "me", "A2", "R2", 3600);
	check(oauth_refused(a.oauth));
	check_text(token(&a), "A2");
	check_int(asked(&a), 0);
	end(&a);
}

TEST(revoked)
{
	struct account a;

	begin(&a, OAUTH_CODE, DENIED(400, "invalid_grant") ", " REFRESHED("A3", "R3"));
	put_login(&a, "me", "A1", "R1", -5);
	check_int(reopen(&a), 0);
	check_text(token(&a), "");
	check_int(a.e.code, EACCES);
	check_int(a.e.retry, ERR_AFTER_USER);
	check_text(a.e.text, "crm is logged out (invalid_grant: so it is): run \"seamfs tool login crm\"");
	/* The tool is not asked again and again. */
	check_text(token(&a), "");
	check(strstr(a.e.text, "is logged out (invalid_grant"));
	check_int(asked(&a), 1);
	/* Somebody logs in meanwhile. */
	put_login(&a, "me", "A2", "R2", 3600);
	check_text(token(&a), "A2");
	check_int(asked(&a), 1);
	/* What he got is no dead one. */
	put_login(&a, "me", "A2", "R2", -5);
	check_text(token(&a), "A3");
	check_int(fake_logged(&a.fake, "refresh_token=R2"), 1);
	end(&a);
}

static const struct {
	const char *step;
	int code;
	enum err_retry retry;
	const char *reason;
} troubles[] = {
	{DENIED(400, "invalid_grant"), EACCES, ERR_AFTER_USER, "is logged out (invalid_grant: so it is)"},
	{DENIED(401, "invalid_request"), EACCES, ERR_AFTER_USER, "is logged out (invalid_request: so it is)"},
	{DENIED(200, "invalid_grant"), EACCES, ERR_AFTER_USER, "is logged out (invalid_grant: so it is)"},
	{"{\"status\": 401, \"text\": \"<html>\"}", EACCES, ERR_AFTER_USER, "is logged out (HTTP 401)"},
	{DENIED(401, "invalid_client"), EACCES, ERR_AFTER_USER, "does not accept our client"},
	{DENIED(400, "temporarily_unavailable"), EIO, ERR_LATER, "temporarily_unavailable"},
	{"{\"status\": 503, \"text\": \"<html>\"}", EIO, ERR_LATER, "cannot be renewed: crm has a problem"},
	{"{\"status\": 404}", EIO, ERR_AFTER_USER, "does not have this"},
	{"{\"status\": 429, \"headers\": {\"Retry-After\": \"1\"}}", EAGAIN, ERR_LATER, "slow down"},
	{"{\"text\": \"<html>\"}", EIO, ERR_LATER, "no access token"},
	{"{\"json\": {\"access_token\": 7}}", EIO, ERR_LATER, "no access token"},
	{"{\"json\": {\"access_token\": \"A\\r\\nX: 1\"}}", EIO, ERR_LATER, "no access token"},
	{"{\"fault\": \"reset\"}", EIO, ERR_LATER, "the connection to crm failed"},
	{"{\"status\": 307, \"headers\": {\"Location\": \"https://evil.example/\"}}", EIO, ERR_AFTER_USER,
		"sends us on to another address"},
	{"{\"status\": 307, \"headers\": {\"Location\": \"$BASE/other\"}}", EIO, ERR_AFTER_USER,
		"sends us on to another address"},
	{"{\"status\": 400, \"json\": {\"error\": \"invalid_grant\", \"error_description\": \"REFRESH1 is "
	 "used up\"}}",
		EACCES, ERR_AFTER_USER, "the reason cannot be shown"},
	{"{\"status\": 400, \"json\": {\"error\": \"x\", \"error_description\": \"wrong: pass:word\"}}",
		EACCES, ERR_AFTER_USER, "the reason cannot be shown"},
};

/* Whatever the token endpoint answers: what to do about it, and after trouble of its own the login works again. */
TEST(trouble)
{
	for (size_t i = 0; i < ARRAY_LEN(troubles); i++) {
		_cleanup_(mem_freep) char *steps =
			str_format("%s, " REFRESHED("A2", "REFRESH2"), troubles[i].step);
		struct account a;

		begin(&a, OAUTH_CODE, steps);
		put_login(&a, "me", "A1", "REFRESH1", -5);
		check_int(reopen(&a), 0);
		check_text(token(&a), "");
		check_int(a.e.code, troubles[i].code);
		check_int(a.e.retry, troubles[i].retry);
		if (!strstr(a.e.text, troubles[i].reason))
			check_text(a.e.text, troubles[i].reason);
		check(!strstr(a.e.text, "REFRESH1") && !strstr(a.e.text, "pass:word"));
		check(in_file(&a, "REFRESH1"));
		check_int(asked(&a), 1);
		if (troubles[i].code == EIO)
			check_text(token(&a), "A2");
		end(&a);
	}
}

/* ---- Two programs, and a sudden end ---- */

static pid_t child_token(struct account *a, const char *want)
{
	pid_t pid = fork();

	if (pid == 0) {
		const char *text = "";

		if (reopen(a) < 0 || oauth_token(a->oauth, &text, NULL) < 0)
			_exit(2);
		_exit(strcmp(text, want) != 0);
	}
	return pid;
}

static int ended(pid_t pid)
{
	int status = 0;

	waitpid(pid, &status, 0);
	return status;
}

/* All wait for the one that renews; nobody uses a refresh token that was used. */
TEST(two_programs)
{
	struct account a;
	pid_t pids[4];

	begin(&a, OAUTH_CODE,
		"{\"wait\": 0.7, \"json\": {\"access_token\": \"A2\", \"refresh_token\": \"R2\", "
		"\"expires_in\": 3600}}, " DENIED(400, "invalid_grant"));
	put_login(&a, "me", "A1", "R1", -5);
	for (size_t i = 0; i < ARRAY_LEN(pids); i++)
		pids[i] = child_token(&a, "A2");
	for (size_t i = 0; i < ARRAY_LEN(pids); i++)
		check_int(ended(pids[i]), 0);
	check_int(asked(&a), 1);
	end(&a);
}

TEST(locked)
{
	struct account a;
	_cleanup_(mem_freep) char *lock = NULL;
	int64_t start_ms;
	int fd;

	begin(&a, OAUTH_CODE, REFRESHED("A2", "R2"));
	put_login(&a, "me", "A1", "R1", -5);
	check_int(reopen(&a), 0);
	lock = str_format("%s.lock", a.path);
	fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	check_int(flock(fd, LOCK_EX), 0);
	a.fake.stop = 1;
	start_ms = clock_steady_ms();
	check_text(token(&a), "");
	check(clock_steady_ms() - start_ms < 5000);
	check_int(a.e.code, ECANCELED);
	check_int(asked(&a), 0);
	a.fake.stop = 0;
	close(fd);
	check_text(token(&a), "A2");
	end(&a);
}

/* A full disk: the new tokens are not used before they are safe, and not asked for again. */
TEST(unsaved)
{
	struct rlimit before, tiny;
	struct account a;

	begin(&a, OAUTH_CODE, REFRESHED("A2", "R2") ", " DENIED(400, "invalid_grant"));
	put_login(&a, "me", "A1", "R1", -5);
	check_int(reopen(&a), 0);
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &before);
	tiny = (struct rlimit){10, before.rlim_max};
	setrlimit(RLIMIT_FSIZE, &tiny);
	check_text(token(&a), "");
	setrlimit(RLIMIT_FSIZE, &before);
	check_int(a.e.code, EIO);
	check_int(a.e.retry, ERR_LATER);
	check(in_file(&a, "R1"));
	check_text(token(&a), "A2");
	check(in_file(&a, "R2"));
	check_int(asked(&a), 1);
	end(&a);
}

#ifdef SEAMFS_FAULTS
/* SIGKILL at each step of a renewal: the file has the old login or the new one, and the new one before it is used. */
TEST(killed)
{
	static const char order[] = "1 POST\n2 answer\n3 login\n4 replace\n5 replaced\n6 login\n";

	for (int step = 0; step <= 6; step++) {
		_cleanup_(mem_freep) char *number = str_format("%d", step);
		_cleanup_(mem_freep) char *log = NULL;
		_cleanup_(buf_finish) struct buf steps = BUF_INIT(1000);
		struct account a;

		begin(&a, OAUTH_CODE, REFRESHED("A2", "R2"));
		log = str_format("%s/steps", a.fake.dir);
		put_login(&a, "me", "A1", "R1", -5);
		setenv("SEAMFS_STEP_KILL", number, 1);
		setenv("SEAMFS_STEP_LOG", log, 1);
		check_int(ended(child_token(&a, "A2")), step ? SIGKILL : 0);
		unsetenv("SEAMFS_STEP_KILL");
		unsetenv("SEAMFS_STEP_LOG");
		check(in_file(&a, step == 0 || step > 4 ? "R2" : "R1"));
		check_int(asked(&a), step != 1);
		if (step == 0) {
			file_read(log, &steps, NULL);
			check_text(buf_text(&steps), order);
		}
		/* The lock died with it. */
		check_int(ended(child_token(&a, "A2")), 0);
		end(&a);
	}
}
#endif

/* ---- The file ---- */

TEST(file_mode)
{
	struct account a;
	_cleanup_(mem_freep) char *other = NULL;

	begin(&a, OAUTH_CODE, REFRESHED("A2", "R2"));
	put_login(&a, "me", "A1", "R1", 3600);
	chmod(a.path, 0640);
	check_int(reopen(&a), -EINVAL);
	check(strstr(a.e.text, "run \"chmod 600 "));
	chmod(a.path, 0600);
	check_int(reopen(&a), 0);
	/* While the daemon runs, too. */
	chmod(a.path, 0604);
	check_text(token(&a), "");
	check_int(a.e.retry, ERR_AFTER_USER);
	chmod(a.path, 0600);
	check_text(token(&a), "A1");
	if (geteuid() == 0) {
		check_int(chown(a.path, 12345, 12345), 0);
		check_int(seteuid(23456), 0);
		check_int(reopen(&a), -EACCES); /* it cannot even be opened */
		check_int(seteuid(0), 0);
		check_int(reopen(&a), -EINVAL);
		check(strstr(a.e.text, "belongs to somebody else"));
		check_int(chown(a.path, 0, 0), 0);
	}
	other = str_format("%s.other", a.path);
	check_int(rename(a.path, other), 0);
	check_int(symlink(other, a.path), 0);
	check_int(reopen(&a), -EINVAL);
	check(strstr(a.e.text, "symbolic link"));
	end(&a);
}

TEST(no_login)
{
	struct account a;

	begin(&a, OAUTH_CODE, REFRESHED("A2", "R2"));
	put_login(&a, "me", "A1", "R1", 3600);
	check_int(file_replace(a.path, "{\"acc", 5, 0600, NULL), 0);
	check_int(reopen(&a), 0);
	check_text(token(&a), "");
	check(strstr(a.e.text, "not logged in yet"));
	/* Of another client. */
	put_login(&a, "you", "A1", "R1", -5);
	check_int(reopen(&a), 0);
	check_text(token(&a), "");
	check(strstr(a.e.text, "not logged in yet"));
	/* Somebody logs out. */
	put_login(&a, "me", "A1", "R1", 3600);
	check_text(token(&a), "A1");
	unlink(a.path);
	check_text(token(&a), "");
	check(strstr(a.e.text, "not logged in yet"));
	check_int(asked(&a), 0);
	end(&a);
}

/* ---- Without a person ---- */

TEST(client)
{
	struct account a;
	struct oauth_login l = {0};

	begin(&a, OAUTH_CLIENT,
		"{\"json\": {\"access_token\": \"A1\", \"api_domain\": \"d1\"}}, {\"json\": "
		"{\"access_token\": \"A2\"}}");
	a.setup.scopes = "read write";
	check_int(reopen(&a), 0);
	check_text(token(&a), "A1");
	check_text(oauth_kept(a.oauth, "domain"), "d1");
	check_int(fake_logged(&a.fake, "\"grant_type=client_credentials&scope=read%20write\""), 1);
	check(oauth_refused(a.oauth));
	check_text(token(&a), "A2");
	check(!oauth_refused(a.oauth));
	check_int(asked(&a), 2);
	check(access(a.path, F_OK) < 0);
	check_int(oauth_login_begin(a.oauth, 1, &l, &a.e), -EINVAL);
	end(&a);
}

TEST(client_in_body)
{
	struct account a;

	begin(&a, OAUTH_CLIENT, DENIED(401, "invalid_client"));
	a.setup.client_in_body = 1;
	check_int(reopen(&a), 0);
	check_text(token(&a), "");
	check_text(a.e.text,
		"crm does not accept our client (invalid_client: so it is): check its keys in stack.json");
	check_int(fake_logged(&a.fake,
			  "\"grant_type=client_credentials&client_id=me&client_secret=pass%3Aword\""),
		1);
	check_int(fake_logged(&a.fake, "\"authorization\""), 0);
	end(&a);
}

/* A client without a secret names itself in the body, and has no other credential. */
TEST(public_client)
{
	struct account a;

	begin(&a, OAUTH_CODE, REFRESHED("A2", "R2"));
	a.setup.client_secret = NULL;
	put_login(&a, "me", "A1", "R1", -5);
	check_int(reopen(&a), 0);
	check_text(token(&a), "A2");
	check_int(fake_logged(&a.fake, "\"grant_type=refresh_token&refresh_token=R1&client_id=me\""), 1);
	check_int(fake_logged(&a.fake, "\"authorization\""), 0);
	end(&a);
}

/* base64url back to text, up to @end. */
static char *plain(const char *text, char end)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	char *bytes = mem_alloc(strlen(text) + 1);
	unsigned bits = 0, group = 0;
	size_t n = 0;

	for (; *text && *text != end && strchr(digits, *text); text++) {
		group = group << 6 | (unsigned)(strchr(digits, *text) - digits);
		bits += 6;
		if (bits >= 8)
			bytes[n++] = (char)(group >> (bits -= 8));
	}
	return bytes;
}

TEST(jwt)
{
	static const char grant[] =
		"grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=";
	struct account a;
	_cleanup_(buf_finish) struct buf log = BUF_INIT(BUF_MAX_TEXT);
	_cleanup_(buf_finish) struct buf bytes = BUF_INIT(1000);
	_cleanup_(buf_finish) struct buf signature = BUF_INIT(1000);
	_cleanup_(mem_freep) char *path = NULL;
	_cleanup_(mem_freep) char *header = NULL;
	_cleanup_(mem_freep) char *text = NULL;
	_cleanup_json_ cJSON *claims = NULL;
	const char *at, *end_of_text;
	int64_t iat = 0, exp = 0;

	begin(&a, OAUTH_JWT, "{\"json\": {\"access_token\": \"A1\", \"expires_in\": 3600}}");
	a.service = fake_json("{\"client_email\": \"robot@x\", \"private_key_id\": \"k1\"}");
	json_set_text(a.service, "private_key", key_rsa);
	json_set_text(a.service, "token_uri", a.token_url);
	a.setup = (struct oauth_setup){.tool = "crm",
		.grant = OAUTH_JWT,
		.scopes = "read",
		.subject = "ann@x",
		.service_account = a.service,
		.stop = &a.fake.stop};
	check_int(reopen(&a), 0);
	check_text(token(&a), "A1");
	path = str_format("%s/log", a.fake.dir);
	file_read(path, &log, NULL);
	at = strstr(buf_text(&log), grant);
	check(at != NULL);
	at = at ? at + strlen(grant) : "..";
	header = plain(at, '.');
	check_text(header, "{\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":\"k1\"}");
	text = plain(strchr(at, '.') + 1, '.');
	claims = json_stored(text);
	check_text(json_get_text(claims, "iss"), "robot@x");
	check_text(json_get_text(claims, "sub"), "ann@x");
	check_text(json_get_text(claims, "scope"), "read");
	check_text(json_get_text(claims, "aud"), a.token_url);
	check_int(json_int64(json_get(claims, "iat"), &iat), 0);
	check_int(json_int64(json_get(claims, "exp"), &exp), 0);
	check(iat <= clock_now_ms() / 1000 && iat > clock_now_ms() / 1000 - 10);
	check_int(exp - iat, 3600);
	end_of_text = strchr(strchr(at, '.') + 1, '.');
	crypto_rs256(key_rsa, at, (size_t)(end_of_text - at), &bytes, NULL);
	crypto_base64url(&signature, bytes.data, bytes.len);
	check_int(strncmp(end_of_text + 1, buf_text(&signature), signature.len), 0);
	check_int(end_of_text[1 + signature.len], '"');
	end(&a);
}

TEST(bad_setups)
{
	struct account a;

	begin(&a, OAUTH_CODE, "{}");
	a.setup.token_url = "http://crm.example/token";
	check_int(reopen(&a), -EINVAL);
	check(strstr(a.e.text, "readable to everybody"));
	a.setup.token_url = a.token_url;
	a.setup.authorize_url = "javascript:x";
	check_int(reopen(&a), -EINVAL);
	a.setup.authorize_url = NULL;
	check_int(reopen(&a), -EINVAL);
	a.setup.grant = OAUTH_CLIENT;
	a.setup.client_secret = NULL;
	check_int(reopen(&a), -EINVAL);
	a.setup.grant = OAUTH_JWT;
	check_int(reopen(&a), -EINVAL);
	a.service = fake_json("{\"client_email\": \"robot@x\", \"private_key\": \"none\"}");
	a.setup.service_account = a.service;
	check_int(reopen(&a), -EINVAL);
	check(strstr(a.e.text, "has to be PEM"));
	end(&a);
}

TEST_MAIN(TEST_RUN(refresh), TEST_RUN(expiry), TEST_RUN(short_life), TEST_RUN(no_refresh_token),
	TEST_RUN(refused), TEST_RUN(refused_old), TEST_RUN(revoked), TEST_RUN(trouble),
	TEST_RUN(two_programs), TEST_RUN(locked), TEST_RUN(unsaved),
#ifdef SEAMFS_FAULTS
	TEST_RUN(killed),
#endif
	TEST_RUN(file_mode), TEST_RUN(no_login), TEST_RUN(client), TEST_RUN(client_in_body),
	TEST_RUN(public_client), TEST_RUN(jwt), TEST_RUN(bad_setups))
