using MongoDB.Bson;

namespace Relaybox.MongoDouble.Commands;

/// <summary>ping, buildInfo and others about the server itself.</summary>
internal static class DiagnosticCommands
{
    public static CommandDefinition[] All { get; } =
    [
        new("ping", CommandTraits.Anonymous, "", _ => []),
        new("buildInfo", CommandTraits.Anonymous, "", BuildInfo),
        new("buildinfo", CommandTraits.Anonymous, "", BuildInfo),
        new("connectionStatus", CommandTraits.Anonymous, "showPrivileges", Users.Authorization.ConnectionStatus),
        new("whatsmyuri", CommandTraits.Anonymous, "", _ => new BsonDocument("you", "127.0.0.1:0")),
        new("hostInfo", CommandTraits.AdminOnly | CommandTraits.Cluster, "", _ => new BsonDocument
        {
            { "system", new BsonDocument("hostname", "localhost") },
        })
        {
            Action = "hostInfo",
        },
        new("getCmdLineOpts", CommandTraits.AdminOnly | CommandTraits.Cluster, "", context => new BsonDocument
        {
            { "argv", new BsonArray(context.Server.Options.Arguments) }, { "parsed", new BsonDocument() },
        })
        {
            Action = "getCmdLineOpts",
        },
        new("serverStatus", CommandTraits.AnyFields | CommandTraits.Cluster, "", ServerStatus) { Action = "serverStatus" },
        new("getParameter", CommandTraits.AdminOnly | CommandTraits.AnyFields | CommandTraits.Cluster, "", GetParameter) { Action = "getParameter" },
        new("configureFailPoint", CommandTraits.AdminOnly, "mode data", ConfigureFailPoint),
        new("shutdown", CommandTraits.AdminOnly | CommandTraits.Cluster, "force timeoutSecs", Shutdown) { Action = "shutdown" },
    ];

    private static BsonDocument BuildInfo(CommandContext context) => new()
    {
        { "version", DoubleServer.Version },
        { "versionArray", new BsonArray { 7, 0, 0, 0 } },
        { "gitVersion", "development double" },
        { "modules", new BsonArray { "development double" } },
        { "maxBsonObjectSize", Storage.BsonSize.MaxDocumentBytes },
        { "bits", 64 },
        { "debug", false },
    };

    private static BsonDocument ServerStatus(CommandContext context) => new()
    {
        { "host", context.Server.ReplicaSet.Address },
        { "version", DoubleServer.Version },
        { "process", "relaybox-mongo-double" },
        { "pid", (long)Environment.ProcessId },
        { "localTime", context.Evaluation.Now },
        { "connections", new BsonDocument { { "current", context.Server.Connections.Count } } },
        { "storageEngine", new BsonDocument { { "name", "development double" }, { "persistent", context.Server.Options.Folder is not null } } },
        { "transactions", new BsonDocument("currentOpen", context.Store.OpenTransactions.LongCount()) },
        { "metrics", new BsonDocument("cursor", new BsonDocument("open", new BsonDocument("total", (long)context.Server.Cursors.Count))) },
    };

    private static BsonDocument GetParameter(CommandContext context)
    {
        var answer = new BsonDocument();
        foreach (var name in context.Command.Names.Skip(1))
        {
            switch (name)
            {
                case "transactionLifetimeLimitSeconds":
                    answer[name] = (int)context.Server.Options.TransactionLifetime.TotalSeconds;
                    break;
                case "enableTestCommands":
                    answer[name] = context.Server.Options.TestCommands;
                    break;
                case "featureCompatibilityVersion":
                    answer[name] = new BsonDocument("version", "7.0");
                    break;
                case "authenticationMechanisms":
                    answer[name] = new BsonArray { "SCRAM-SHA-256" };
                    break;
            }
        }

        return answer.ElementCount > 0 ? answer : throw ServerErrors.InvalidOptions("no option found to get");
    }

    private static BsonDocument ConfigureFailPoint(CommandContext context) =>
        context.Server.Options.TestCommands
            ? context.Server.FailPoints.Configure(context.Command)
            : throw new ServerException(59, "CommandNotFound", "no such command: 'configureFailPoint'");

    private static BsonDocument Shutdown(CommandContext context)
    {
        Environment.Exit(0);
        return [];
    }
}
