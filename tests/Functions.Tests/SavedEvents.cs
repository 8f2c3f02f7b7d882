using Relaybox.Testing;

namespace Relaybox.Functions.Tests;

/// <summary>The events of examples/events, in the folders in which the Lambda test tool looks: one for each function.</summary>
internal static class SavedEvents
{
    private static readonly string Folder = RepositoryRoot.Combine("examples", "events", "SavedRequests");

    /// <summary>The functions that have a folder.</summary>
    public static IEnumerable<string> Functions => Directory.EnumerateDirectories(Folder).Select(folder => Path.GetFileName(folder));

    /// <summary>The names by which the tool lists a function's events.</summary>
    public static IEnumerable<string> NamesOf(string function) =>
        Directory.EnumerateFiles(Path.Combine(Folder, function), "*.json").Select(file => Path.GetFileNameWithoutExtension(file));

    /// <summary>The text of an event, as the tool hands it out.</summary>
    public static string Read(string function, string name) => File.ReadAllText(Path.Combine(Folder, function, $"{name}.json"));
}
