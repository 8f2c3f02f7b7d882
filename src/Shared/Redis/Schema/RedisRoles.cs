using System.Net;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace Relaybox.Redis;

/// <summary>
/// What each user may do, and no more. Redis has no roles that could be granted: a user has rules of its own, the access string. Setup
/// adds them to users that are there.
/// </summary>
internal sealed partial record RedisRoles
{
    // What the client itself asks when it connects, how scripts are sent, and what waits for replicas.
    private const string Connecting =
        "+hello +auth +ping +echo +info +select +client|setname +client|getname +client|id +cluster|nodes +cluster|slots "
        + "+command +acl|whoami +eval +evalsha +script|load +incr +wait";

    // What older servers do not know, and refuse the whole rule for.
    private const string From72 = " +client|setinfo +waitaof";

    private static readonly Version Version72 = new(7, 2);

    private const string Listening = "+subscribe +unsubscribe";

    // What the store asks without a script.
    private const string Reading = "+scan +exists +hget +hmget +hgetall +hset +zcard +zcount +zrangebyscore +zrange +zscore +hlen +type";

    /// <summary>The user that the functions connect as. Null: its rights are given by hand.</summary>
    internal string? FunctionsUser { get; init; }

    /// <summary>The users that apps connect as.</summary>
    internal IReadOnlyList<string> AppUsers { get; init; } = [];

    /// <summary>
    /// What an app may do that writes events: run the script that inserts rows, on the keys of the outbox alone. A server that checks a
    /// script's keys takes each of them for one that is written. The rights on the app's own keys are the app's matter.
    /// </summary>
    internal static string App(RedisOptions options)
    {
        string[] keys = ["schema", "row:*", "due", "leases", "lines", "later", "sent", "failed", "seq", "confirmed"];
        return $"{Connecting} {Commands(["outbox_insert"])} {string.Join(' ', keys.Select(key => $"~{{{options.KeyPrefix}:*}}:{key}"))} "
            + $"&{options.KeyPrefix}:due";
    }

    /// <summary>
    /// What relay, consumer and cleaner may do together: run the store's scripts on all keys with the hash tags of the buckets, which those that
    /// handlers write have as well.
    /// </summary>
    internal static string Functions(RedisOptions options) =>
        $"{Connecting} {Listening} {Reading} {Commands(RedisScript.Names)} ~*{{{options.KeyPrefix}:*}}* &{options.KeyPrefix}:due";

    /// <summary>Gives the users their rights, on every server that is connected: the servers of a cluster do not tell each other.</summary>
    /// <returns>How many users got rights.</returns>
    /// <exception cref="RedisSchemaException">A user is not there, or Setup's user may not give rights.</exception>
    internal async Task<int> GrantAsync(
        IConnectionMultiplexer multiplexer, RedisOptions options, ILogger logger, CancellationToken cancellationToken)
    {
        (string User, string Rules)[] grants =
        [
            .. FunctionsUser is { } functions ? [(functions, Functions(options))] : Array.Empty<(string, string)>(),
            .. AppUsers.Select(user => (user, App(options))),
        ];
        try
        {
            foreach (var server in grants.Length == 0 ? [] : multiplexer.GetServers().Where(server => server.IsConnected))
            {
                foreach (var (user, rules) in grants)
                {
                    await GrantAsync(server, user, rules).WaitAsync(cancellationToken);
                }

                await SaveAsync(server, logger).WaitAsync(cancellationToken);
            }

            return grants.Length;
        }
        catch (RedisServerException e) when (AreRefused(e, multiplexer))
        {
            foreach (var (user, rules) in grants)
            {
                Log.UsersRefused(logger, RedisFaults.Name(e), user, rules);
            }

            return 0;
        }
        catch (RedisServerException e) when (e.Kind == RedisErrorKind.NoPermission)
        {
            throw new RedisSchemaException(
                "Setup's user may not give rights to users (ACL SETUSER). Name one in DatabaseOwnerSecretArn that may, such as one with +@all ~* &*, "
                + "or leave DatabaseFunctionsUser and DatabaseAppUsers empty and give the rights by hand, as docs/redis.md shows.",
                e);
        }
    }

    private static async Task GrantAsync(IServer server, string user, string rules)
    {
        if ((await server.ExecuteAsync("ACL", "GETUSER", user)).IsNull)
        {
            throw new RedisSchemaException(
                $"The user '{user}' is not there. Create it with a password (ACL SETUSER {user} on >…), and invoke the Setup function again.");
        }

        var more = server.Version >= Version72 ? From72 : "";
        await server.ExecuteAsync("ACL", ["SETUSER", user, .. $"{rules}{more}".Split(' ').Cast<object>()]);
    }

    private static async Task SaveAsync(IServer server, ILogger logger)
    {
        try
        {
            await server.ExecuteAsync("ACL", "SAVE");
        }
        catch (RedisServerException e)
        {
            // Without a file of users they are in redis.conf, which the server writes only when it is told so, or nowhere.
            Log.UsersNotSaved(logger, RedisFaults.Name(e));
        }
    }

    // ElastiCache and MemoryDB have users of their own making: their servers do not know the command, or forbid it to everybody.
    private static bool AreRefused(RedisServerException e, IConnectionMultiplexer multiplexer) =>
        e.Message.Contains("unknown command 'ACL", StringComparison.OrdinalIgnoreCase)
        || (e.Kind == RedisErrorKind.NoPermission && multiplexer.GetEndPoints().OfType<DnsEndPoint>()
            .Any(endPoint => endPoint.Host.EndsWith(".amazonaws.com", StringComparison.OrdinalIgnoreCase)));

    // A script's commands are checked against the rights of who runs it.
    private static string Commands(IEnumerable<string> scripts) => string.Join(' ', scripts
        .Where(name => RedisScript.Names.Contains(name))
        .SelectMany(name => CallPattern().Matches(RedisScript.Load(name).Text))
        .Select(call => $"+{call.Groups["name"].Value.ToLowerInvariant()}")
        .Distinct().Order(StringComparer.Ordinal));

    [GeneratedRegex(@"redis\.p?call\(\s*'(?<name>[A-Za-z]+)'")]
    private static partial Regex CallPattern();
}
