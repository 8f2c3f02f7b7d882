using System.Net;
using System.Net.Sockets;
using MongoDB.Bson;
using MongoDB.Driver;
using MongoDB.Driver.Core.Clusters;
using MongoDB.Driver.Core.Connections;
using MongoDB.Driver.Core.Servers;
using Relaybox.MongoDb;
using Relaybox.Secrets;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>What is said of a failure that no test server can be made to show; the others are in <see cref="MongoConnectionTests"/>.</summary>
public sealed class MongoFailureTextTests
{
    private const string Canary = "canary-c0ffee-4711";

    private static readonly MongoTarget Target = new("db.example.com:27017", "shop", "u", "the secret arn:x", "relaybox");

    private static readonly ConnectionId Connection = new(new ServerId(new ClusterId(), new DnsEndPoint("db.example.com", 27017)));

    [Theory]
    [InlineData(SocketError.HostNotFound, "nobody knows a host of that name")]
    [InlineData(SocketError.TimedOut, "there was no answer")]
    [InlineData(SocketError.HostUnreachable, "no route leads there")]
    [InlineData(SocketError.ConnectionRefused, "nothing listens there (connection refused)")]
    public void A_host_that_cannot_be_reached_is_named_with_the_reason(SocketError error, string reason)
    {
        var cause = new MongoConnectionException(Connection, Canary, new SocketException((int)error));
        var start = $"The database 'shop' at db.example.com:27017 cannot be reached: {reason}. Check host and port in the secret arn:x";
        Assert.StartsWith(start, MongoFailureText.Describe(cause, Target), StringComparison.Ordinal);

        // The driver says it by a timeout, and keeps the reason elsewhere.
        Assert.StartsWith(start, MongoFailureText.Describe(new TimeoutException(Canary), Target, cause), StringComparison.Ordinal);

        // Or it has not said it yet, when the invocation's time is over.
        Assert.StartsWith(start, MongoFailureText.Describe(new OperationCanceledException(Canary), Target, cause), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(13, "Unauthorized", "does not allow the user 'u' what this function does (Unauthorized)")]
    [InlineData(10107, "NotWritablePrimary", "is no longer the primary")]
    [InlineData(91, "ShutdownInProgress", "being stopped or started")]
    [InlineData(50, "MaxTimeMSExpired", "was not done with a command")]
    [InlineData(10334, "BSONObjectTooLarge", "16 MB")]
    [InlineData(14031, "OutOfDiskSpace", "out of disk")]
    [InlineData(72, "InvalidOptions", "MongoDB 6.0 or newer")]
    [InlineData(59, "CommandNotFound", "answered with an error (CommandNotFound)")]
    [InlineData(20, "IllegalOperation", "is a standalone server")]
    [InlineData(18, "AuthenticationFailed", "refuses the user 'u' or its password")]
    public void A_servers_error_is_told_without_its_text(int code, string name, string part)
    {
        var error = new MongoCommandException(
            Connection, Canary, new BsonDocument("c", Canary), new BsonDocument { { "ok", 0 }, { "code", code }, { "codeName", name } });
        var text = MongoFailureText.Describe(error, Target);
        Assert.Contains(part, text, StringComparison.Ordinal);
        Assert.Contains("'shop' at db.example.com:27017", text, StringComparison.Ordinal);
        Assert.DoesNotContain(Canary, text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_lost_connection_and_an_empty_pool_are_told_apart()
    {
        Assert.Contains(
            "was lost",
            MongoFailureText.Describe(new MongoConnectionException(Connection, Canary, new IOException(Canary)), Target),
            StringComparison.Ordinal);
        Assert.Contains(
            "DATABASE_MAX_CONNECTIONS", MongoFailureText.Describe(new MongoWaitQueueFullException(Canary), Target), StringComparison.Ordinal);
        Assert.Contains("no primary", MongoFailureText.Describe(new TimeoutException(Canary), Target), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_not_the_databases_fault_is_not_described()
    {
        Assert.Null(MongoFailureText.Describe(new InvalidOperationException(), Target));
        Assert.Null(MongoFailureText.Describe(new OperationCanceledException(), Target));
        Assert.Null(MongoFailureText.Describe(new SecretException("It cannot be read."), Target));
    }
}
