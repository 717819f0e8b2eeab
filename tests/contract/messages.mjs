// What clients and tidings-pushd have said to each other in the tests, against asyncapi.yaml.

import { Place } from './documents.mjs';

const channels = new Place('asyncapi.yaml', ['channels']);
const operations = new Place('asyncapi.yaml', ['operations']);

// What recorder() of tests/system/push/record.mjs has written: events, in lists by connection
export function parseConnections(text) {
	const connections = new Map();
	for (const line of text.split('\n').slice(0, -1)) {
		const event = JSON.parse(line);
		if (!connections.has(event.connection))
			connections.set(event.connection, []);
		connections.get(event.connection).push(event);
	}
	return [...connections.values()];
}

// The messages of an operation by their types
function messagesOf(operation) {
	const messages = operations.at(operation, 'messages').value.map((_, i) => operations.at(operation, 'messages', i));
	return new Map(messages.map((message) => [message.at('payload', 'properties', 'type').value.const, message]));
}

const ofClients = messagesOf('command');
const ofServer = { websocket: messagesOf('tell'), stream: messagesOf('stream') };
const changes = new Place('asyncapi.yaml', ['components', 'schemas', 'Change']).at('properties', 'op').value.enum;
const closeCodes = Object.keys(channels.at('websocket', 'x-close-codes').value);

const judge = (message, messages) =>
	messages.has(message.type) ? messages.get(message.type).at('payload').judge(message) : 'its type is not documented';

// All that the document has: "KIND told TYPE", "KIND CODE of TYPE", "websocket said TYPE", "websocket
// closed CODE" and "change OP"
export function documentedEvents() {
	const codes = ([kind, messages]) => [...messages].flatMap(([type, message]) =>
		(message.at('payload', 'properties', 'code')?.value.enum ?? []).map((code) => `${kind} ${code} of ${type}`));
	const types = ([kind, messages]) => [...messages.keys()].map((type) => `${kind} told ${type}`);
	return [
		...[...ofClients.keys()].map((type) => `websocket said ${type}`),
		...Object.entries(ofServer).flatMap(types), ...Object.entries(ofServer).flatMap(codes),
		...closeCodes.map((code) => `websocket closed ${code}`),
		...changes.map((op) => `change ${op}`),
	];
}

// What one event is by those words
function describe({ kind, said, told, closed }) {
	if (said !== undefined)
		return [`${kind} said ${said.type}`];
	if (told === undefined)
		return [`${kind} closed ${closed}`];
	return [`${kind} told ${told.type}`, ...(told.code ? [`${kind} ${told.code} of ${told.type}`] : []),
		...(told.changes ?? []).map(({ op }) => `change ${op}`)];
}

function faultOf({ kind, said, told, closed }) {
	if (said !== undefined)
		return judge(said, ofClients);
	if (told !== undefined)
		return judge(told, ofServer[kind]);
	return closeCodes.includes(String(closed)) ? undefined : 'the code is not documented';
}

// Returns the faults of one connection, and which events without fault there were. A client may
// have said what is not documented, to see it refused.
export function judgeConnection(events) {
	const judged = events.map((event) => ({ event, fault: faultOf(event) }));
	const refused = events.some(({ told, closed }) => ['error', 'auth_failed'].includes(told?.type) || closed);
	const faults = judged.filter(({ event, fault }) => fault && !(event.said !== undefined && refused))
		.map(({ event, fault }) => `${JSON.stringify(event).slice(0, 300)}: ${fault}`);
	return { faults, seen: judged.filter(({ fault }) => !fault).flatMap(({ event }) => describe(event)) };
}
