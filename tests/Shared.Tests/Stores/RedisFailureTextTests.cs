using System.Net.Sockets;
using System.Security.Authentication;
using Relaybox.Diagnostics;
using Relaybox.Inbox;
using Relaybox.Redis;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Shared.Tests.Support;
using Relaybox.Timing;
using StackExchange.Redis;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>One sentence for each failure: which server, what is wrong, what to do; nothing of what was executed.</summary>
public sealed class RedisFailureTextTests : DeadStoreConformance
{
    private static readonly RedisTarget Target = new("h.example.com:6379", "relay", "the secret arn:x") { UsesTls = true };

    public static TheoryData<RedisErrorKind, string, string> Answers => new()
    {
        {
            RedisErrorKind.NoPermission,
            "NOPERM this user has no permissions to run the 'canary-c0ffee-4711' command",
            "does not allow the user 'relay' what this function does (NOPERM)"
        },
        { RedisErrorKind.OutOfMemory, "OOM command not allowed. script: canary-c0ffee-4711", "is out of memory (OOM). Nothing can be written until" },
        { RedisErrorKind.ReadOnly, "READONLY You can't write against a read only replica. script: canary-c0ffee-4711", "is read-only (READONLY)" },
        { RedisErrorKind.Misconfigured, "MISCONF Redis is canary-c0ffee-4711", "takes no writes because it cannot save its data (MISCONF)" },
        { RedisErrorKind.NoReplicas, "NOREPLICAS Not enough good replicas to write.", "has too few replicas (NOREPLICAS, min-replicas-to-write)" },
        { RedisErrorKind.MaxClients, "ERR max number of clients reached", "has no connection left (ERR)" },
        { RedisErrorKind.Busy, "BUSY Redis is busy running a script.", "is busy with a script of somebody's (BUSY)" },
        { RedisErrorKind.CrossSlot, "CROSSSLOT Keys in request don't hash to the same slot", "keys of several slots at once (CROSSSLOT)" },
        { RedisErrorKind.Loading, "LOADING Redis is loading the dataset in memory", "is being started, or is in a failover (LOADING)" },
        { RedisErrorKind.ClusterDown, "CLUSTERDOWN Hash slot not served", "is being started, or is in a failover (CLUSTERDOWN)" },
        {
            RedisErrorKind.WrongPass,
            "WRONGPASS invalid username-password pair or user is disabled.",
            "refuses the user 'relay' or its password. Put the right ones into the secret arn:x."
        },
        { RedisErrorKind.NoAuth, "NOAUTH Authentication required.", "refuses the user 'relay' or its password." },
        { RedisErrorKind.WrongType, "WRONGTYPE canary-c0ffee-4711", "answered with an error (WRONGTYPE), whose text is not for logs." },
        { RedisErrorKind.Unknown, "canary-c0ffee-4711 says so", "answered with an error (RedisServerException), whose text is not for logs." },
        {
            RedisErrorKind.Unknown,
            "RELAYBOX_SCHEMA version none, buckets none",
            "lacks what Setup makes, or has it for another version or number of buckets (RELAYBOX_SCHEMA)."
        },
    };

    protected override string Unreachable => "The Redis server at 127.0.0.1:1 cannot be reached: nothing listens there";

    private protected override (IInboxRepository Inbox, IExplainsFailures Connections) Connect()
    {
        var options = new RedisConnectionOptions { Url = $"redis://u:{Canary}@127.0.0.1:1" };
        var connections = new RedisConnections(options, new RedisOptions(), new NoSecrets());
        return (new RedisInboxRepository(connections, new RedisOptions(), TimeProvider.System, SystemEntropy.Instance), connections);
    }

    [Theory]
    [MemberData(nameof(Answers))]
    public void An_answer_of_the_server_becomes_one_sentence(RedisErrorKind kind, string answer, string part) =>
        Says(new RedisServerException(kind, CommandFlags.None, answer), part);

    [Fact]
    public void A_server_that_cannot_be_reached_is_told_with_the_reason()
    {
        Says(Lost(new SocketException((int)SocketError.ConnectionRefused)), "cannot be reached: nothing listens there (connection refused). Check");
        Says(Lost(new SocketException((int)SocketError.HostNotFound)), "cannot be reached: nobody knows a host of that name.");
        Says(Lost(new AuthenticationException(Canary)), "could not be verified (TLS)");
        Says(Lost(new IOException(Canary)), "breaks the handshake off (TLS): it offers no TLS");
        Says(Lost(new TimeoutException(Canary)), "did not answer in time");
        Says(Lost(null), "does not answer as a Redis server that is ready");
        Says(Lost(null, ConnectionFailureType.SocketClosed), "The connection to the Redis server at h.example.com:6379 was lost.");
        Says(new RedisTimeoutException(CommandFlags.None, Canary, CommandStatus.Sent), "did not answer in time");
    }

    [Fact]
    public void What_wraps_a_failure_is_looked_into()
    {
        var oom = new RedisServerException(RedisErrorKind.OutOfMemory, CommandFlags.None, $"OOM {Canary}");
        Says(new AggregateException(oom), "is out of memory (OOM)");
        Says(new OperationCanceledException(Canary, oom), "is out of memory (OOM)");
        Says(new RedisSchemaException("The keys are missing."), "The keys are missing. It was the Redis server at h.example.com:6379.");
        Says(new RedisServerRefusedException("The server is too old."), "The server is too old. It was the Redis server at h.example.com:6379.");
    }

    [Fact]
    public void What_is_not_the_servers_fault_is_not_explained()
    {
        Assert.Null(RedisFailureText.Describe(new InvalidOperationException(), Target));
        Assert.Null(RedisFailureText.Describe(new OperationCanceledException(), Target));
        Assert.Null(RedisFailureText.Describe(new RedisConnectionException(
            ConnectionFailureType.InternalFailure, CommandFlags.None, "", new OutOfMemoryException()), Target));
    }

    [Theory]
    [InlineData(RedisErrorKind.OutOfMemory, true)]
    [InlineData(RedisErrorKind.ReadOnly, true)]
    [InlineData(RedisErrorKind.Moved, true)]
    [InlineData(RedisErrorKind.Ask, true)]
    [InlineData(RedisErrorKind.TryAgain, true)]
    [InlineData(RedisErrorKind.Loading, true)]
    [InlineData(RedisErrorKind.ClusterDown, true)]
    [InlineData(RedisErrorKind.MasterDown, true)]
    [InlineData(RedisErrorKind.NoReplicas, true)]
    [InlineData(RedisErrorKind.NoPermission, false)]
    [InlineData(RedisErrorKind.WrongType, false)]
    [InlineData(RedisErrorKind.WrongPass, false)]
    [InlineData(RedisErrorKind.Unknown, false)]
    public void Which_answers_can_be_others_later(RedisErrorKind kind, bool isTransient) =>
        Assert.Equal(isTransient, RedisFaults.IsTransient(new RedisServerException(kind, CommandFlags.None, "X")));

    private static RedisConnectionException Lost(Exception? reason, ConnectionFailureType type = ConnectionFailureType.UnableToConnect) =>
        new(type, CommandFlags.None, Canary, reason);

    private static void Says(Exception exception, string part)
    {
        var text = RedisFailureText.Describe(exception, Target);
        Assert.Contains(part, text, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", text, StringComparison.Ordinal);
        Assert.Contains("h.example.com:6379", text, StringComparison.Ordinal);
    }
}
