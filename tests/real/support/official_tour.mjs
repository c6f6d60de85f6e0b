// A tour with the official SDK for Node, unmodified: node official_tour.mjs MODULE_OF_THE_SDK SETTINGS_AS_JSON
// Each stop is told as a line of JSON: {"stop": name}, with "error" where it went wrong.

import assert from "node:assert/strict";
import fs from "node:fs/promises";
import path from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";

const { CopilotClient, RuntimeConnection, approveAll, defineTool } = await import(pathToFileURL(process.argv[2]).href);
const settings = JSON.parse(process.argv[3]);
const { program, folder, baseUrl, model, smallModel, streamed, summary, mcpServer } = settings;
const answer = streamed.join("");
const connectionToken = "no-secret";
const stopSeconds = 40;

const client = new CopilotClient({
    connection: RuntimeConnection.forTcp({ path: program, connectionToken }),
    baseDirectory: path.join(folder, "home"),
    workingDirectory: folder,
    logLevel: "none",
});

const scripted = {
    model,
    streaming: true,
    provider: { type: "openai", baseUrl, apiKey: "no-secret", wireApi: "completions" },
    onPermissionRequest: approveAll,
    workingDirectory: folder,
};
const create = (options = {}) => client.createSession({ ...scripted, ...options });
const resume = (id, options = {}, by = client) => by.resumeSession(id, { ...scripted, ...options });
const ask = async (session, prompt, options = {}) =>
    (await session.sendAndWait({ prompt, ...options }, stopSeconds * 1000)).data.content;

/** Takes down what a session says; `hear` waits for the first event of a type. */
function ears() {
    const events = [];
    let wake = () => {};
    const listen = (event) => {
        events.push(event);
        wake();
    };
    listen.of = (type) => events.filter((event) => event.type === type);
    listen.hear = async (type) => {
        while (listen.of(type).length === 0) await new Promise((resolve) => (wake = resolve));
        return listen.of(type)[0].data;
    };
    return listen;
}

const people = { Lisbon: 567131 };
const population = defineTool("population", {
    description: "How many people live there.",
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
    handler: ({ city }) => {
        if (!(city in people)) throw new Error("no such city");
        return people[city];
    },
});

const stops = {
    async "the runtime tells who it is"() {
        await client.start();
        assert.equal((await client.ping("hey")).message, "pong: hey");
        assert.equal((await client.getStatus()).protocolVersion, 3);
        assert.equal((await client.getAuthStatus()).isAuthenticated, false);
    },

    async "a session is created with the id that was asked for"() {
        const session = await create({ sessionId: "of-my-own" });
        assert.equal(session.sessionId, "of-my-own");
        assert.ok(session.workspacePath);
        const [started] = await session.getEvents();
        assert.deepEqual([started.type, started.data.sessionId], ["session.start", "of-my-own"]);
    },

    async "an answer is streamed"() {
        const heard = ears();
        const session = await create({ onEvent: heard });
        assert.equal(await ask(session, "Say hello."), answer);
        assert.deepEqual(heard.of("assistant.message_delta").map((event) => event.data.deltaContent), streamed);
    },

    async "a tool is called and its failure told"() {
        const heard = ears();
        const session = await create({ tools: [population], onEvent: heard });
        assert.equal(await ask(session, "How many live in Lisbon?"), "I heard: 567131");
        await ask(session, "Break the tool.");
        const outcomes = heard.of("tool.execution_complete").map((event) => event.data.success);
        assert.deepEqual(outcomes, [true, false]);
    },

    async "a permission is given or refused"() {
        const asked = [];
        const onPermissionRequest = (request) => {
            asked.push(request.kind);
            return request.fullCommandText.includes("forbidden")
                ? { kind: "reject", feedback: "Not here." }
                : { kind: "approve-once" };
        };
        const session = await create({ onPermissionRequest });
        await ask(session, "Run what is allowed.");
        assert.match(await ask(session, "Run what is forbidden."), /Not here\./);
        assert.equal(await fs.readFile(path.join(folder, "allowed.txt"), "utf8"), "allowed\n");
        await assert.rejects(fs.access(path.join(folder, "forbidden.txt")));
        assert.deepEqual(asked, ["shell", "shell"]);
    },

    async "hooks are told and heard"() {
        const told = [];
        const hook = (name, output) => (data, invocation) => {
            assert.equal(invocation.sessionId, data.sessionId);
            told.push(name);
            return output;
        };
        const session = await create({
            tools: [population],
            hooks: {
                onSessionStart: hook("start"),
                onUserPromptSubmitted: hook("submitted"),
                onUserPromptTransformed: hook("transformed"),
                onPreToolUse: hook("before", { modifiedArgs: { city: "Lisbon" } }),
                onPostToolUse: hook("after", { additionalContext: "As of 2021." }),
                onPostToolUseFailure: hook("failure"),
                onAgentStop: hook("stop"),
                onSessionEnd: hook("end"),
            },
        });
        assert.match(await ask(session, "Break the tool."), /567131[^]*As of 2021\./);
        await session.disconnect();
        assert.deepEqual(told, ["start", "submitted", "transformed", "before", "after", "stop", "end"]);
    },

    async "the user is asked"() {
        const asked = [];
        const onUserInputRequest = (request) => {
            asked.push([request.question, request.choices]);
            return { answer: "blue", wasFreeform: false };
        };
        assert.match(await ask(await create({ onUserInputRequest }), "Ask for a color."), /blue/);
        assert.deepEqual(asked, [["Which color?", ["red", "blue"]]]);
    },

    async "forms are filled in"() {
        const values = { confirmed: true, selection: "red", value: "Rome", town: "Oslo" };
        const asked = [];
        const onElicitationRequest = (context) => {
            asked.push(context.message);
            const names = Object.keys(context.requestedSchema.properties);
            return { action: "accept", content: Object.fromEntries(names.map((name) => [name, values[name]])) };
        };
        const session = await create({ onElicitationRequest });
        assert.equal(session.capabilities.ui.elicitation, true);
        assert.equal(await session.ui.confirm("Sure?"), true);
        assert.equal(await session.ui.select("Which?", ["blue", "red"]), "red");
        assert.equal(await session.ui.input("Where?", { minLength: 2 }), "Rome");
        const requestedSchema = { type: "object", properties: { town: { type: "string" } }, required: ["town"] };
        const filled = await session.ui.elicitation({ message: "Where to?", requestedSchema });
        assert.deepEqual(filled, { action: "accept", content: { town: "Oslo" } });
        assert.deepEqual(asked, ["Sure?", "Which?", "Where?", "Where to?"]);
    },

    async "a plan is approved"() {
        const asked = [];
        const onExitPlanModeRequest = (request) => {
            asked.push(request.summary);
            return { approved: true, selectedAction: "interactive" };
        };
        await ask(await create({ onExitPlanModeRequest }), "Plan a garden.", { agentMode: "plan" });
        assert.deepEqual(asked, ["Dig, then plant."]);
    },

    async "sections of the system message are rewritten"() {
        const seen = [];
        const shout = (text) => {
            seen.push(text);
            return "SPEAK LOUD.";
        };
        const heard = ears();
        const sections = { tone: { action: shout }, safety: { action: "remove" } };
        const session = await create({ systemMessage: { mode: "customize", sections }, onEvent: heard });
        await ask(session, "Say hello.");
        assert.equal(seen.length, 1);
        assert.match((await heard.hear("system.message")).content, /SPEAK LOUD\./);
    },

    async "the tools of an MCP server are called"() {
        const session = await create({ mcpServers: { workshop: { type: "local", tools: ["*"], ...mcpServer } } });
        assert.equal(await ask(session, "Call the workshop."), "I heard: from far");
        const [listed] = (await session.rpc.mcp.list()).servers;
        assert.deepEqual([listed.name, listed.status], ["workshop", "connected"]);
        await session.disconnect();
    },

    async "an agent of one's own is called"() {
        const heard = ears();
        const agent = { name: "counter", description: "Counts.", prompt: "You count vowels.", tools: null };
        const session = await create({ customAgents: [agent], onEvent: heard });
        assert.match(await ask(session, "Have the vowels counted."), /There are three\./);
        assert.deepEqual(heard.of("subagent.started").map((event) => event.data.agentName), ["counter"]);
        assert.equal(heard.of("subagent.completed").length, 1);
    },

    async "a session is taken up again"() {
        const session = await create();
        await ask(session, "Say hello.");
        await session.disconnect();
        const again = await resume(session.sessionId);
        assert.match(await ask(again, "What did I ask?"), /Say hello\./);
        const types = (await again.getEvents()).map((event) => event.type);
        assert.equal(types.filter((type) => type === "user.message").length, 2);
        assert.ok(types.includes("session.resume"));
    },

    async "sessions are listed and deleted"() {
        const session = await create();
        const id = session.sessionId;
        const isListed = async () => (await client.listSessions()).some((entry) => entry.sessionId === id);
        await ask(session, "Say hello.");
        assert.equal((await client.getSessionMetadata(id)).sessionId, id);
        assert.equal(await client.getLastSessionId(), id);
        assert.ok(await isListed());
        await session.disconnect();
        const gone = new Promise((resolve) => client.onLifecycle("session.deleted", resolve));
        await client.deleteSession(id);
        assert.equal((await gone).sessionId, id);
        assert.ok(!(await isListed()));
        assert.equal(await client.getSessionMetadata(id), undefined);
    },

    async "a history is compacted"() {
        const heard = ears();
        const session = await create({ onEvent: heard });
        await ask(session, "Say hello.");
        assert.equal((await session.rpc.history.compact()).success, true);
        assert.ok((await heard.hear("session.compaction_complete")).summaryContent.includes(summary));
        assert.ok((await ask(session, "What did I ask?")).includes(summary));
    },

    async "a turn is aborted"() {
        const heard = ears();
        const session = await create({ onEvent: heard });
        await session.send("Talk without end.");
        assert.equal((await heard.hear("assistant.message_delta")).deltaContent, streamed[0]);
        await session.abort();
        assert.equal((await heard.hear("session.idle")).aborted, true);
        assert.equal(await ask(session, "Say hello."), answer);
    },

    async "a command is run"() {
        const lines = [];
        const handler = ({ commandName, args }) => {
            lines.push(`${commandName} ${args}`);
            if (args === "wrong") throw new Error("no such place");
        };
        const session = await create({ commands: [{ name: "deploy", description: "Deploys.", handler }] });
        const execute = (args) => session.rpc.commands.execute({ commandName: "deploy", args });
        assert.equal((await execute("now")).error, undefined);
        assert.match((await execute("wrong")).error, /no such place/);
        assert.deepEqual(lines, ["deploy now", "deploy wrong"]);
    },

    async "the model is switched"() {
        const session = await create();
        await ask(session, "Say hello.");
        await session.setModel(smallModel);
        assert.equal((await session.rpc.model.getCurrent()).modelId, smallModel);
        assert.equal(await ask(session, "Who are you?"), `I am ${smallModel}.`);
    },

    async "two clients share a session"() {
        const tool = (name) => defineTool(name, { description: "Says its name.", handler: () => `this is ${name}` });
        const [heard, others] = [ears(), ears()];
        const uri = `127.0.0.1:${client.runtimePort}`;
        const second = new CopilotClient({ connection: RuntimeConnection.forUri(uri, { connectionToken }) });
        const session = await create({ tools: [tool("first_tool")], onEvent: heard });
        const joined = await resume(session.sessionId, { tools: [tool("second_tool")], onEvent: others }, second);
        assert.equal(await ask(joined, "Call both."), "this is first_tool and this is second_tool");
        await heard.hear("session.idle");
        const outcomes = (listen) => listen.of("tool.execution_complete").map((event) => event.id);
        assert.equal(outcomes(others).length, 2);
        assert.deepEqual(outcomes(others), outcomes(heard));
        assert.deepEqual(await second.stop(), []);
        assert.equal(await ask(session, "Say hello."), answer);
    },

    async "the files of a session are kept by the client"() {
        const files = new Files(path.join(folder, "files"));
        const keeper = new CopilotClient({
            env: { ...process.env, COPILOT_CLI_PATH: program },
            baseDirectory: path.join(folder, "second-home"),
            logLevel: "none",
            sessionFs: { initialCwd: "/work", sessionStatePath: "/session-state", conventions: "posix" },
        });
        try {
            const options = { ...scripted, workingDirectory: "/work", createSessionFsProvider: () => files };
            const session = await keeper.createSession(options);
            assert.equal(await ask(session, "Say hello."), answer);
            await session.disconnect();
            assert.match(await files.readFile("/session-state/events.jsonl"), /"user\.message"/);
            const again = await keeper.resumeSession(session.sessionId, options);
            assert.match(await ask(again, "What did I ask?"), /Say hello\./);
            // `stop` would forget the provider before the session is stored.
            await again.disconnect();
            assert.deepEqual(await keeper.stop(), []);
        } finally {
            await keeper.forceStop();
        }
    },

    async "the client stops without an error"() {
        assert.deepEqual(await client.stop(), []);
    },
};

/** Files of sessions, in a folder. */
class Files {
    constructor(root) {
        this.root = root;
    }
    at(name) {
        return path.join(this.root, name);
    }
    async readFile(name) {
        return fs.readFile(this.at(name), "utf8");
    }
    async writeFile(name, content) {
        await this.mkdir(path.dirname(name), true);
        await fs.writeFile(this.at(name), content);
    }
    async appendFile(name, content) {
        await this.mkdir(path.dirname(name), true);
        await fs.appendFile(this.at(name), content);
    }
    async exists(name) {
        return fs.access(this.at(name)).then(
            () => true,
            () => false,
        );
    }
    async stat(name) {
        const found = await fs.stat(this.at(name));
        return {
            isFile: found.isFile(),
            isDirectory: found.isDirectory(),
            size: found.size,
            mtime: found.mtime.toISOString(),
            birthtime: found.birthtime.toISOString(),
        };
    }
    async mkdir(name, recursive) {
        await fs.mkdir(this.at(name), { recursive });
    }
    async readdir(name) {
        return fs.readdir(this.at(name));
    }
    async readdirWithTypes(name) {
        const entries = await fs.readdir(this.at(name), { withFileTypes: true });
        return entries.map((entry) => ({ name: entry.name, type: entry.isDirectory() ? "directory" : "file" }));
    }
    async rm(name, recursive, force) {
        await fs.rm(this.at(name), { recursive, force });
    }
    async rename(from, to) {
        await fs.rename(this.at(from), this.at(to));
    }
}

/** Fails after a while: a stop that hangs does not keep the others from being told. */
async function limited(work) {
    let timer;
    const late = new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error(`no end within ${stopSeconds} s`)), stopSeconds * 1000);
    });
    try {
        await Promise.race([work(), late]);
    } finally {
        clearTimeout(timer);
    }
}

// Whoever listens is gone: so is the runtime.
process.stdin.once("end", () => client.forceStop().finally(() => process.exit(1))).resume();

for (const [stop, work] of Object.entries(stops)) {
    const told = { stop };
    try {
        await limited(work);
    } catch (error) {
        told.error = error.stack ?? String(error);
    }
    console.log(JSON.stringify(told));
}
process.exit();
