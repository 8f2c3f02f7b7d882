using Relaybox.Operations;
using StackExchange.Redis;

namespace Relaybox.Redis;

/// <summary>
/// Whether the user may do what the functions do. A user of theirs may not read its own rights, but a script can ask whether its caller may
/// execute a command, without executing it.
/// </summary>
internal sealed class RedisRightsCheck(RedisConnections connections, RedisSettings settings) : IDoctorCheck
{
    private const string Role = "functions";

    // The numbers of the commands that the caller may not execute. One that the server does not know is no matter of rights.
    private const string Script =
        """
        if not redis.acl_check_cmd then
          return redis.error_reply('NOCHECK the server has no redis.acl_check_cmd')
        end
        local lacking = {}
        for i = 1, #ARGV do
          local words = {}
          for word in string.gmatch(ARGV[i], '%S+') do
            words[#words + 1] = word
          end
          local isKnown, isAllowed = pcall(redis.acl_check_cmd, unpack(words))
          if isKnown and not isAllowed then
            lacking[#lacking + 1] = i
          end
        end
        return lacking
        """;

    /// <inheritdoc />
    public string Name => MissingRights.Name;

    /// <inheritdoc />
    public string Passed => MissingRights.Passed;

    /// <inheritdoc />
    public Task<IReadOnlyList<Finding>> FindAsync(CancellationToken cancellationToken) => connections.UseMultiplexerAsync<IReadOnlyList<Finding>>(
        async (multiplexer, ct) =>
        {
            var found = new List<Finding>();

            // The servers of a cluster do not tell each other what a user may do.
            foreach (var server in multiplexer.GetServers().Where(server => server is { IsConnected: true, IsReplica: false }))
            {
                found.AddRange(await JudgeAsync(server).WaitAsync(ct));
            }

            return [.. found.Distinct()];
        },
        cancellationToken);

    private async Task<IReadOnlyList<Finding>> JudgeAsync(IServer server)
    {
        var probes = Probes().ToList();
        List<string> lacking;
        try
        {
            var answer = await server.ExecuteAsync("EVAL", [Script, 0, .. probes.Select(probe => (object)probe.Command)]);
            lacking = [.. ((RedisResult[])answer!).Select(number => probes[(int)number - 1].Right).Distinct()];
        }
        catch (RedisServerException e) when (RedisFaults.IsOfRights(e))
        {
            lacking = ["+eval"];
        }
        catch (RedisServerException e)
        {
            return
            [
                Finding.Unknown(
                    Name,
                    $"The server does not tell what the user may do ({RedisFaults.Name(e)}).",
                    $"An administrator sees it: ACL GETUSER NAME. It has to have {RedisRoles.Functions(settings.Keys)}"),
            ];
        }

        // A pattern is judged by one command. Where that alone is not allowed, the pattern is not to blame.
        lacking = lacking.FindAll(right => right[0] switch
        {
            '~' => !lacking.Contains("+hset") || lacking.Contains("+hget"),
            '&' => !lacking.Contains("+publish") || lacking.Contains("+subscribe"),
            _ => true,
        });
        if (lacking.Count == 0)
        {
            return [];
        }

        var user = await UserOfAsync(server);
        return
        [
            MissingRights.Of(
                $"'{user}'", Role, lacking,
                $"Set DatabaseFunctionsUser (DATABASE_FUNCTIONS_USER) to '{user}' and invoke Setup. Or an administrator says, on every server: "
                + $"ACL SETUSER {user} {string.Join(' ', lacking)}"),
        ];
    }

    // What is to be asked for each right of the role. Each command has arguments: the server looks for its keys there without counting them first.
    private IEnumerable<(string Right, string Command)> Probes()
    {
        var rules = RedisRoles.Functions(settings.Keys).Split(' ');
        var (keys, channel) = (rules.Single(rule => rule[0] == '~'), rules.Single(rule => rule[0] == '&'));
        var buckets = Bucket.All(settings.Keys);
        foreach (var tag in new[] { buckets[0].Tag, buckets[^1].Tag }.Distinct())
        {
            yield return (keys, $"hset {tag}:doctor field value");
            yield return (keys, $"hset doctor:{tag}:doctor field value");
        }

        yield return (channel, $"publish {channel[1..]} x");
        foreach (var rule in settings.Connection.ConfirmsOnDisk ? [.. rules.Where(IsCommand), "+waitaof"] : rules.Where(IsCommand))
        {
            var name = rule[1..].Replace('|', ' ');
            var argument = name is "publish" or "subscribe" or "unsubscribe" ? channel[1..] : $"{buckets[0].Tag}:doctor";
            yield return (rule, $"{name} {argument} {argument} {argument}");
        }

        static bool IsCommand(string rule) => rule[0] == '+';
    }

    // A user may lack the right to ask for its own name.
    private static async Task<string> UserOfAsync(IServer server)
    {
        try
        {
            return (string?)await server.ExecuteAsync("ACL", "WHOAMI") ?? "NAME";
        }
        catch (RedisServerException)
        {
            return "NAME";
        }
    }
}
