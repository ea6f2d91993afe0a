// A Slack workspace: emulate with its events switched on, signed and delivered to an address.
//
//   node emulator.mjs EVENTS_URL SIGNING_SECRET SCOPES
//
// The first line of output is JSON: {"url"}. It ends with its standard input.
//
// emulate 0.12.2 signs and delivers events, but nothing lets anybody subscribe to them, and it sends every message as a
// bare `message`. So its plugin is wrapped: one subscription is registered, and each message becomes what Slack would
// send for it: with its channel_type, the app's own user in `authorizations`, a bot's bot_id, and an app_mention besides
// where the bot is mentioned. Only what the app's manifest subscribes to is delivered.
import { readFileSync, readdirSync } from "node:fs";

const [eventsUrl, signingSecret, scopes] = process.argv.slice(2);
const BOT = { user: "U0SAGEBOT", bot: "B0SAGEBOT", app: "A0SAGEAPP" };
const dist = new URL("./node_modules/emulate/dist/", import.meta.url);

const chunk = readdirSync(dist).find(
  (name) => name.endsWith(".js") && readFileSync(new URL(name, dist), "utf8").includes('"/api/views.open"'),
);
if (!chunk) throw new Error("emulate has no Slack in it any more");
const { slackPlugin, getSlackStore } = await import(new URL(chunk, dist));

function asSlackSends(envelope, store) {
  const event = { ...envelope.event };
  if (event.user === BOT.user) event.bot_id = BOT.bot;
  const channel = getSlackStore(store).channels.findOneBy("channel_id", event.channel);
  event.channel_type = channel?.is_im ? "im" : channel?.is_private ? "group" : "channel";
  const full = {
    ...envelope,
    event,
    api_app_id: BOT.app,
    authorizations: [{ team_id: envelope.team_id, user_id: BOT.user, is_bot: true, is_enterprise_install: false }],
  };
  if (event.channel_type === "im") return [full];
  if (!event.bot_id && event.text?.includes(`<@${BOT.user}>`)) {
    const { subtype, channel_type, ...mention } = event;
    return [{ ...full, event_id: `${envelope.event_id}M`, event: { ...mention, type: "app_mention" } }];
  }
  return [];
}

const register = slackPlugin.register;
slackPlugin.register = (app, store, webhooks, ...rest) => {
  webhooks.register({ url: eventsUrl, events: ["*"], active: true, owner: "slack" });
  const dispatch = webhooks.dispatch.bind(webhooks);
  webhooks.dispatch = async (type, action, envelope, ...more) => {
    if (type !== "message") return;
    for (const sent of asSlackSends(envelope, store)) await dispatch(sent.event.type, action, sent, ...more);
  };
  return register(app, store, webhooks, ...rest);
};

const { createEmulator } = await import("emulate");
const human = ["chat:write", "channels:read", "channels:history", "im:write", "im:history", "im:read", "files:write", "files:read", "users:read"];
const emulator = await createEmulator({
  service: "slack",
  port: Number(process.env.EMULATOR_PORT ?? 0),
  hostname: "127.0.0.1",
  seed: {
    slack: {
      signing_secret: signingSecret,
      strict_scopes: true,
      users: [{ name: "alice" }, { name: "bob" }],
      channels: [{ name: "builds" }],
      oauth_apps: [
        { client_id: "1.2", client_secret: "x", app_id: BOT.app, name: "SageBuild", redirect_uris: [], bot_id: BOT.bot, bot_user_id: BOT.user, bot_name: "sagebuild", scopes: scopes.split(",") },
      ],
      tokens: [
        { token: "xoxb-sagebuild", user_id: BOT.user, app_id: BOT.app, bot_id: BOT.bot, bot_user_id: BOT.user, scopes: scopes.split(",") },
        { token: "xoxp-alice", user: "alice", scopes: human },
        { token: "xoxp-bob", user: "bob", scopes: human },
      ],
    },
  },
});
process.stdout.write(`${JSON.stringify({ url: emulator.url })}\n`);
process.stdin.resume();
process.stdin.on("end", () => emulator.close().finally(() => process.exit(0)));
