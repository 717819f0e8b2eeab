/* The kinds of events and their message ids, see log_event.h. An id, once released, stays. */
#include "lib/log_event.h"

static const struct {
	const char *id;
	const char *noun;
} events[LOG_EVENTS] = {
	[LOG_CLIENT_CONFLATED] = { "4aa0daead62c40aabf2670fe84c135ad", "slow clients" },
	[LOG_CLIENT_STALLED] = { "2d9b0f73f16241e483369ee37d0cbd92",
		"slow clients that were closed" },
	[LOG_CLIENT_CLOSED] = { "66ae658c62494f898dfb1e5242331812", "closed connections" },
	[LOG_CLIENT_REFUSED] = { "ed8d8ec814a1498783f4c5dc2afa1916", "refused clients" },
	[LOG_CLIENTS_FULL] = { "c2b38f726ef94a0c97d7b2916946b434", "clients without a place" },
	[LOG_CLIENTS_ENDED] = { "904e405428cb411484956571d99833bb", "ended connections" },
	[LOG_DESCRIPTORS_FEW] = { "a026d78dfbba482aae1cffb4c82eef41", "descriptors" },
	[LOG_FEED_LOST] = { "dba09bce28a148a1bd839bee881bf3d0", "lost changes" },
	[LOG_FEED_UNREADABLE] = { "e9b44a209e3241ca940cd2d8d83f173e", "an unreadable log" },
	[LOG_FEED_READABLE] = { "3dfacfbca1f04cc7bf360872d7747d9f", "a readable log" },
	[LOG_EPOCH_BEGUN] = { "42a5b10c3ad14da5a1ddd67cb846da7b", "new epochs" },
	[LOG_UPGRADED] = { "751d332519434fe983263bf53c28935d", "upgrades" },
	[LOG_UPGRADE_FAILED] = { "5f12370192f7446d89b6ee2606cbd8d8", "failed upgrades" },
	[LOG_STORE_SERVING] = { "093b6727fffa4ccba14cca5c8d7e2536", "starts" },
	[LOG_STORE_UNUSABLE] = { "7ba09a5bcd804c8b91ddb8002abb2979", "an unusable store" },
	[LOG_STORE_FAILED] = { "8f9201f47e5543039d612e09d0e56e53", "failed operations" },
	[LOG_DISK_FULL] = { "551e647f64494973bc1a013829d22804", "a full disk" },
	[LOG_DISK_FREE] = { "e77b54a2c89f41908b8a7602e10581be", "free space" },
	[LOG_FLUSH_FAILED] = { "75295c57ab524a81b4e0b7fd27c09f47", "failed flushes" },
	[LOG_CROWDED_OUT] = { "18b72a0eea834041b7003f32f45d3866", "crowded inboxes" },
	[LOG_BACKUP_DONE] = { "60e8097432c44c1aba23fd8f8ff80745", "copies" },
	[LOG_BACKUP_FAILED] = { "58984f464eee4b21a26ea17b6e952812", "failed copies" },
	[LOG_DELIVERED] = { "17c2e84c79114a9d9014d52bb4c98501", "deliveries" },
	[LOG_DELIVERY_FAILED] = { "4941a7d3c58847bcad74dc75995b2c91", "failed deliveries" },
	[LOG_DELIVERY_GIVEN_UP] = { "f7014f640a3d4ad496c9639c352001b2", "deliveries that were given up" },
	[LOG_DELIVERIES_WAITING] = { "c51ab7841a3d4cd58d269763fc8784f6", "deliveries that wait" },
	[LOG_DELIVERIES_GO_ON] = { "2cf1abd9aad34789911d1d9197d416c8", "deliveries that go on" },
	[LOG_REQUEST_REFUSED] = { "4f9c791954414c7580e0a6481a4aa779", "refused requests" },
	[LOG_KEY_REFUSED] = { "3833ddbdbcc7440784aee7c985628fd5", "refused publisher keys" },
	[LOG_PERMISSION] = { "96011536e79449b6b9da36c0043688fa", "missing rights" },
	[LOG_STORE_AWAY] = { "766e0753fa304f89aafe3dffecdfa429", "the store being away" },
	[LOG_STORE_BACK] = { "c1934f65a89a4a919dcd6480fa3c9162", "the store being back" },
	[LOG_PUSH_AWAY] = { "d4fbb2cc9f5f4177937910b489c575de", "the push daemon being away" },
	[LOG_WORKER_ENDED] = { "e480be4b7fce42e595fdedef3641b121", "ended workers" },
	[LOG_RELOADED] = { "e55b4b72ce084f308781723b947eae42", "reloads" },
	[LOG_RELOAD_FAILED] = { "dc91108b4794475ea8c0479180905c96", "failed reloads" },
	[LOG_STOPPED] = { "6c8fceb0901f4472bc3930c661b8bf12", "failures" },
};

const char *log_event_id(enum log_event event)
{
	return events[event].id;
}

const char *log_event_noun(enum log_event event)
{
	return events[event].noun;
}
