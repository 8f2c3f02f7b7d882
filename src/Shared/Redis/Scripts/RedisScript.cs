using System.Security.Cryptography;
using System.Text;
using StackExchange.Redis;

namespace Relaybox.Redis;

/// <summary>
/// A step of the store, as one Lua script. The client sends the script's SHA-1 and loads the script where the server does not know it,
/// also after a failover. Every key that the script touches is in KEYS and has the hash tag of one bucket.
/// </summary>
internal sealed class RedisScript
{
    private const string Include = "-- include: ";

    private const string Folder = "Relaybox.Redis.Scripts.";
    private const string Extension = ".lua";

    private RedisScript(string text) => Text = text;

    /// <summary>The names of all files, those that scripts share among them.</summary>
    internal static IEnumerable<string> Names => typeof(RedisScript).Assembly.GetManifestResourceNames()
        .Where(name => name.StartsWith(Folder, StringComparison.Ordinal)).Select(name => name[Folder.Length..^Extension.Length]);

    /// <summary>The script.</summary>
    internal string Text { get; }

    /// <summary>What <c>EVALSHA</c> takes.</summary>
    internal string Sha => field ??= Convert.ToHexStringLower(SHA1.HashData(Encoding.UTF8.GetBytes(Text)));

    /// <summary>
    /// Reads a script that is embedded in this assembly. A line <c>-- include: name</c> in it stands for the text of another file, so that
    /// scripts can share functions.
    /// </summary>
    /// <param name="name">The name of its file in the folder Scripts, without <c>.lua</c>.</param>
    internal static RedisScript Load(string name) => new(Read(name));

    private static string Read(string name)
    {
        using var stream = typeof(RedisScript).Assembly.GetManifestResourceStream($"{Folder}{name}{Extension}")
            ?? throw new InvalidOperationException($"There is no script '{name}'.");
        using var reader = new StreamReader(stream);
        var text = new StringBuilder();
        while (reader.ReadLine() is { } line)
        {
            text.Append(line.StartsWith(Include, StringComparison.Ordinal) ? Read(line[Include.Length..].Trim()) : line).Append('\n');
        }

        return text.ToString();
    }

    /// <summary>Runs it on the primary.</summary>
    internal Task<RedisResult> RunAsync(IDatabase database, ScriptArguments arguments) => RunAsync(database, arguments.Keys, arguments.Values);

    /// <summary>Runs it on the primary.</summary>
    /// <exception cref="RedisSchemaException">Setup has not made what the script needs.</exception>
    internal async Task<RedisResult> RunAsync(IDatabase database, RedisKey[] keys, RedisValue[] values)
    {
        try
        {
            return await database.ScriptEvaluateAsync(Text, keys, values, CommandFlags.DemandMaster);
        }
        catch (RedisServerException e) when (RedisFaults.IsOfSchema(e))
        {
            throw RedisSchema.Refused(e);
        }
    }
}
