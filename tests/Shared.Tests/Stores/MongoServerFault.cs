using MongoDB.Bson;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>Lets a server's commands fail. It is for all of the server's clients: use it on a server of the test's own.</summary>
internal static class MongoServerFault
{
    /// <param name="server">The server.</param>
    /// <param name="mode">Such as <c>{ times: 1 }</c>, <c>{ skip: 2 }</c> or <c>'alwaysOn'</c>.</param>
    /// <param name="data">Such as <c>failCommands: ['find'], errorCode: 8</c>.</param>
    public static Task FailAsync(MongoDbServer server, string mode, string data) =>
        RunAsync(server, $"{{ configureFailPoint: 'failCommand', mode: {mode}, data: {{ {data} }} }}");

    public static Task HealAsync(MongoDbServer server) => RunAsync(server, "{ configureFailPoint: 'failCommand', mode: 'off' }");

    private static Task RunAsync(MongoDbServer server, string command) =>
        server.Client.GetDatabase("admin").RunCommandAsync<BsonDocument>(BsonDocument.Parse(command));
}
