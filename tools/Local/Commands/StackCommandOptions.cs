using System.CommandLine;
using Relaybox.Local.Brokers;
using Relaybox.Local.Running;
using Relaybox.Local.Stores;

namespace Relaybox.Local.Commands;

/// <summary>The options of every command that starts a stack.</summary>
internal sealed class StackCommandOptions
{
    private readonly Option<FileInfo?> _template = new("--template")
    {
        Description = "The template to run. Default: template.yaml of the repository",
    };

    private readonly Option<DirectoryInfo?> _functionsDirectory = new("--functions-dir")
    {
        Description = "Where the functions' executable is. Default: the newest of artifacts/default/bin/Functions/release and debug",
    };

    private readonly Option<string[]> _parameters = new("--parameter")
    {
        Description = "A parameter of the template, NAME=VALUE; may be given several times",
    };

    private readonly Option<string?> _store = Choice("--store", "Where outbox and inbox are kept", LocalStores.All.Select(store => store.Name));

    private readonly Option<string?> _broker = Choice("--broker", "Where events are sent", LocalBrokers.All.Select(broker => broker.Name));

    public Option<int> PortBase { get; } = new("--port-base")
    {
        Description = "First of the ports, one after the other: the store, SQS, the Runtime API, the broker. 0 picks free ports",
        DefaultValueFactory = _ => RunnerOptions.DefaultPortBase,
    };

    public Option<DirectoryInfo?> StateDirectory { get; } = StateDirectoryOption();

    public static Option<DirectoryInfo?> StateDirectoryOption() =>
        new("--state-dir") { Description = "Where env and processes.json are written. Default: .relaybox of the repository" };

    public static string ResolveStateDirectory(DirectoryInfo? given) => given?.FullName ?? Path.Combine(RepositoryLayout.Root, ".relaybox");

    public void AddTo(Command command)
    {
        command.Options.Add(_template);
        command.Options.Add(_functionsDirectory);
        command.Options.Add(PortBase);
        command.Options.Add(_store);
        command.Options.Add(_broker);
        command.Options.Add(_parameters);
        command.Options.Add(StateDirectory);
    }

    /// <exception cref="RunnerException">A parameter is not of the form NAME=VALUE, or nobody knows the store or the broker.</exception>
    public RunnerOptions Read(ParseResult result) => new()
    {
        TemplatePath = result.GetValue(_template)?.FullName ?? Path.Combine(RepositoryLayout.Root, "template.yaml"),
        StateDirectory = ResolveStateDirectory(result.GetValue(StateDirectory)),
        FunctionsDirectory = result.GetValue(_functionsDirectory)?.FullName ?? DefaultFunctionsDirectory(),
        PortBase = result.GetValue(PortBase),
        Parameters = ReadParameters(result),
    };

    private Dictionary<string, string> ReadParameters(ParseResult result)
    {
        var values = (result.GetValue(_parameters) ?? []).Select(Split).ToDictionary(pair => pair.Name, pair => pair.Value);
        if (result.GetValue(_store) is { } chosenStore)
        {
            values["Store"] = LocalStores.Find(chosenStore).Name;
        }

        if (result.GetValue(_broker) is { } chosenBroker)
        {
            values["Broker"] = LocalBrokers.Find(chosenBroker).Name;
        }

        return values;
    }

    private static Option<string?> Choice(string name, string description, IEnumerable<string> values)
    {
        string[] known = [.. values];
        var option = new Option<string?>(name) { Description = $"{description}: {string.Join(", ", known)}. Default: the template's" };
        option.CompletionSources.Add(known);
        return option;
    }

    private static (string Name, string Value) Split(string text)
    {
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        return equals > 0 ? (text[..equals], text[(equals + 1)..]) : throw new RunnerException("--parameter: expected NAME=VALUE.");
    }

    private static string DefaultFunctionsDirectory()
    {
        var root = Path.Combine(RepositoryLayout.Root, "artifacts", "default", "bin", "Functions");
        return new[] { "release", "debug" }
            .Select(configuration => Path.Combine(root, configuration))
            .Where(Directory.Exists)
            .OrderByDescending(Directory.GetLastWriteTimeUtc)
            .FirstOrDefault() ?? Path.Combine(root, "release");
    }
}
