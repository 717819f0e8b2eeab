// Runs one scenario: run.mjs FILE NAME. What it needs done by the shell is written to standard
// output, a line each, and the exit status is read from standard input.

const [file, name] = process.argv.slice(2);

try {
	await (await import(`./${file}.mjs`))[name]();
	process.exit(0);
} catch (error) {
	console.error(error);
	process.exit(1);
}
