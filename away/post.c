/* One POST, see post.h. The one file of tidings-away that knows libcurl. */
#include "away/post.h"

#include <curl/curl.h>
#include <errno.h>
#include <time.h>

enum {
	ANSWER_MAX = 65536, /* bytes of a body that nobody looks at */
	CONNECT_SECONDS = 10,
	RETRY_AFTER_MAX = 86400,
};

DEFINE_CLEANUP(CURL *, curl_easy_cleanup)
DEFINE_CLEANUP(struct curl_slist *, curl_slist_free_all)

static size_t drop(char *data, size_t size, size_t count, void *context)
{
	size_t *len = context;

	(void)data;
	*len += size * count;
	return *len > ANSWER_MAX ? 0 : size * count;
}

/* Adds a header line; the list is NULL from then on that memory has run out. */
static struct curl_slist *add(struct curl_slist *list, bool first, const char *name,
	const char *value)
{
	_cleanup_(buffer_release) struct buffer line = { 0 };
	struct curl_slist *longer = NULL;

	buffer_print(&line, "%s: %s", name, value);
	if ((list || first) && buffer_string(&line))
		longer = curl_slist_append(list, line.data);
	if (!longer)
		curl_slist_free_all(list);
	return longer;
}

static struct curl_slist *make_headers(const struct courier_job *job)
{
	char timestamp[32], signature[SIGNATURE_SIZE];
	int64_t now = (int64_t)time(NULL);
	struct curl_slist *list;

	if (signature_make(job->secret, job->id, now, job->body, signature) < 0)
		return NULL;
	snprintf(timestamp, sizeof(timestamp), "%lld", (long long)now);
	list = add(NULL, true, "Content-Type", "application/json");
	list = add(list, false, "Webhook-Id", job->id);
	list = add(list, false, "Webhook-Timestamp", timestamp);
	return add(list, false, "Webhook-Signature", signature);
}

/* Certificates are verified and redirects not followed: that is how libcurl is by itself. */
static CURLcode prepare(CURL *curl, const struct courier_job *job, struct curl_slist *headers,
	size_t *len)
{
	const struct config *config = job->config;

	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)config->away.timeout);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS);
	curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, drop);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, len);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDS, job->body.data);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)job->body.len);
	if (*config->away.ca_file &&
		curl_easy_setopt(curl, CURLOPT_CAINFO, config->away.ca_file) != 0)
		return CURLE_OUT_OF_MEMORY;
	if (curl_easy_setopt(curl, CURLOPT_USERAGENT, "tidings/" PACKAGE_VERSION) != 0)
		return CURLE_OUT_OF_MEMORY;
	return curl_easy_setopt(curl, CURLOPT_URL, config->away.url);
}

/* What may be otherwise another time: the receiver is busy, or something on the way to it. */
static bool may_pass(long status)
{
	return status == 408 || status == 425 || status == 429 || status >= 500;
}

static int judge(CURL *curl, unsigned *retry_after)
{
	curl_off_t wait = 0;
	long status = 0;

	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	if (status >= 200 && status < 300)
		return COURIER_DONE;
	fprintf(stderr, "the receiver answered with status %ld\n", status);
	if (!may_pass(status))
		return COURIER_REFUSED;
	curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &wait);
	*retry_after = wait < RETRY_AFTER_MAX ? (unsigned)wait : RETRY_AFTER_MAX;
	return COURIER_TRY_LATER;
}

int post(const struct courier_job *job, unsigned *retry_after)
{
	_cleanup_(freeing_curl_slist_free_all) struct curl_slist *headers = make_headers(job);
	_cleanup_(freeing_curl_easy_cleanup) CURL *curl = curl_easy_init();
	char problem[CURL_ERROR_SIZE] = "";
	CURLcode code = CURLE_OUT_OF_MEMORY;
	size_t len = 0;

	if (headers && curl)
		code = prepare(curl, job, headers, &len);
	if (code == CURLE_OK) {
		curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, problem);
		code = curl_easy_perform(curl);
	}
	/* An answer that is too long is one all the same */
	if (code == CURLE_OK || (code == CURLE_WRITE_ERROR && len > ANSWER_MAX))
		return judge(curl, retry_after);
	fprintf(stderr, "%s\n", *problem ? problem : curl_easy_strerror(code));
	return COURIER_TRY_LATER;
}
