using System.Text;
using MongoDB.Bson;
using Relaybox.MongoDouble.Commands;

namespace Relaybox.MongoDouble.Users;

/// <summary>saslStart and saslContinue, and their short way through hello.</summary>
internal static class ScramAuthentication
{
    private const string Mechanism = "SCRAM-SHA-256";

    /// <summary>Adds to hello's answer what it asks of authentication.</summary>
    public static void Greet(CommandContext context, BsonDocument answer)
    {
        if (context.Text("saslSupportedMechs") is { } name)
        {
            var parts = name.Split('.', 2);
            if (parts.Length == 2 && context.Server.Users.FindUser(new AuthenticatedUser(parts[0], parts[1])) is not null)
            {
                answer["saslSupportedMechs"] = new BsonArray { Mechanism };
            }
        }

        if (context.Document("speculativeAuthenticate") is not { } speculative)
        {
            return;
        }

        try
        {
            answer["speculativeAuthenticate"] = Start(context, speculative, speculative.GetValue("db", "admin").AsString);
        }
        catch (ServerException)
        {
            // The driver then authenticates as usual, and is told there.
        }
    }

    public static BsonDocument Start(CommandContext context, BsonDocument command, string database)
    {
        if (command.GetValue("mechanism", "") == "SCRAM-SHA-1")
        {
            // Known to the server, but no user here has credentials for it. Drivers fall back on it for a user that hello does not know.
            throw ServerErrors.AuthenticationFailed();
        }

        if (command.GetValue("mechanism", "") != Mechanism)
        {
            throw new ServerException(
                334, "MechanismUnavailable", $"Received authentication for mechanism {command.GetValue("mechanism", "")} which is not enabled");
        }

        var skips = command.GetValue("options", BsonNull.Value) is BsonDocument options && options.GetValue("skipEmptyExchange", false).ToBoolean();
        var conversation = ScramConversation.Begin(database, Payload(command), skips, context.Server.Users.FindCredentials);
        context.Connection.Conversation = conversation;
        return Answer(conversation.ServerFirst, false);
    }

    public static BsonDocument Continue(CommandContext context)
    {
        if (context.Connection.Conversation is not { } conversation || context.Command.GetValue("conversationId", 0) != 1)
        {
            throw new ServerException(17, "ProtocolError", "No SASL session state found");
        }

        if (conversation.IsProved)
        {
            context.Connection.Conversation = null;
            return Answer("", true);
        }

        string final;
        try
        {
            final = conversation.Prove(Payload(context.Command));
        }
        catch (ServerException)
        {
            context.Connection.Conversation = null;
            throw;
        }

        context.Connection.User = conversation.User;
        return Answer(final, conversation.SkipsEmptyExchange);
    }

    private static string Payload(BsonDocument command) => command.GetValue("payload", BsonNull.Value) switch
    {
        BsonBinaryData binary => Encoding.UTF8.GetString(binary.Bytes),
        BsonString text => Encoding.UTF8.GetString(Convert.FromBase64String(text.Value)),
        _ => throw ServerErrors.BadValue("The payload is missing"),
    };

    private static BsonDocument Answer(string payload, bool done) => new()
    {
        { "conversationId", 1 }, { "done", done }, { "payload", new BsonBinaryData(Encoding.UTF8.GetBytes(payload)) },
    };
}
