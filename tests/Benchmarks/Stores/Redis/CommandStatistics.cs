using System.Globalization;
using StackExchange.Redis;

namespace Relaybox.Benchmarks.Stores.Redis;

/// <summary>What the server counts, whatever works on it: scripts, the commands that they execute, and bytes of the append-only file.</summary>
/// <param name="server">The server.</param>
internal sealed class CommandStatistics(IServer server)
{
    internal const string Scripts = "scripts";
    internal const string Commands = "commands";
    internal const string Log = "append-only file";

    /// <summary>What some work costs.</summary>
    public async Task<IReadOnlyList<Cost>> CostOfAsync(Func<Task> work)
    {
        await server.ConfigResetStatisticsAsync();
        var before = await LogLengthAsync();
        await work();
        var log = await LogLengthAsync() - before;
        var calls = (await ReadAsync("commandstats")).Select(command => (command.Key, Calls: CallsOf(command.Value))).ToList();
        return
        [
            new Cost(Scripts, calls.Where(command => IsScript(command.Key)).Sum(command => command.Calls), IsOfRows: false),
            new Cost(Commands, calls.Where(command => IsOfData(command.Key)).Sum(command => command.Calls), IsOfRows: false),
            new Cost(Log, log, IsOfRows: true),
        ];
    }

    private static bool IsScript(string name) => name is "cmdstat_eval" or "cmdstat_evalsha";

    // Those of hashes and sorted sets, and of keys as a whole.
    private static bool IsOfData(string name) =>
        name.StartsWith("cmdstat_h", StringComparison.Ordinal) && name != "cmdstat_hello"
        || name.StartsWith("cmdstat_z", StringComparison.Ordinal)
        || name is "cmdstat_del" or "cmdstat_exists" or "cmdstat_get";

    private static double CallsOf(string statistics) =>
        double.Parse(statistics.Split(',')[0]["calls=".Length..], CultureInfo.InvariantCulture);

    private async Task<double> LogLengthAsync() =>
        double.Parse((await ReadAsync("persistence")).Single(figure => figure.Key == "aof_current_size").Value, CultureInfo.InvariantCulture);

    private async Task<KeyValuePair<string, string>[]> ReadAsync(string section) =>
        [.. (await server.InfoAsync(section)).SelectMany(figures => figures)];
}
