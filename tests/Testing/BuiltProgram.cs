namespace Relaybox.Testing;

/// <summary>Programs of other projects, built together with the running test.</summary>
public static class BuiltProgram
{
    /// <summary>The path of a file in a project's output, which lies beside the test's own, in the configuration in which both were built.</summary>
    /// <param name="project">The project's name.</param>
    /// <param name="file">The file's name.</param>
    public static string PathOf(string project, string file)
    {
        var own = new DirectoryInfo(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory));
        return Path.Combine(own.Parent!.Parent!.FullName, project, own.Name, file);
    }
}
