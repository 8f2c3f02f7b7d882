namespace Relaybox.Local.Stores.MongoDb;

/// <summary>Where the build leaves the development double.</summary>
internal static class MongoDoubleFile
{
    private const string Name = "relaybox-mongo-double.dll";

    /// <exception cref="RunnerException">It has not been built.</exception>
    public static string Find()
    {
        // bin/<project>/<configuration>: the double's folder is beside the one of the program that asks, and was built with it.
        var own = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
        var beside = Path.Combine(own.Parent?.Parent?.FullName ?? "/", "MongoDouble", own.Name, Name);
        if (File.Exists(beside))
        {
            return beside;
        }

        string[] elsewhere =
        [
            .. new[] { "debug", "release" }.Select(
                configuration => Path.Combine(RepositoryLayout.Root, "artifacts", "default", "bin", "MongoDouble", configuration, Name)),
        ];
        return elsewhere.FirstOrDefault(File.Exists) ?? throw new RunnerException(
            $"There is no mongod on the PATH, and the development double is not at {beside}. Build it: dotnet build tools/MongoDouble.");
    }
}
