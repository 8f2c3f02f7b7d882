using System.Diagnostics;
using Relaybox.Local.Processes;

namespace Relaybox.Local.Stores;

/// <summary>
/// The files of a database server, in a temporary folder of their own. They outlive the server's process, so that it can be started
/// again on them. Such a server refuses to run as root: where this process is root, a user of the machine with the server's name runs it.
/// </summary>
public abstract class DatabaseFiles : IDisposable
{
    private readonly string _systemUser;

    private protected DatabaseFiles(string store, string systemUser, string? password)
    {
        _systemUser = systemUser;
        Folder = Directory.CreateTempSubdirectory($"relaybox-{store}-").FullName;
        Password = password;
    }

    /// <summary>The administrator's password; null where the server asks for none on loopback.</summary>
    public string? Password { get; }

    internal string Folder { get; }

    internal string Data => Path.Combine(Folder, "data");

    /// <summary>Deletes the files; the server must have ended.</summary>
    public void Dispose()
    {
        Directory.Delete(Folder, recursive: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Copies a file so that the server reads it: a key it reads only if it is its user's alone.</summary>
    /// <param name="file">The file.</param>
    /// <param name="target">Where the copy is.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    internal Task InstallAsync(string file, string target, CancellationToken cancellationToken)
    {
        string[] owner = Environment.UserName == "root" ? ["-o", _systemUser] : [];
        return RunAsync("install", [.. owner, "-m", "600", file, target], cancellationToken);
    }

    /// <summary>How to start a program that refuses to run as root.</summary>
    internal static (string Program, string[] Arguments) AsUser(string user, string program, string[] arguments) =>
        Environment.UserName == "root"
            ? (Executables.Require("setpriv", $"A server of the user {user}", "It comes with util-linux."),
                [$"--reuid={user}", $"--regid={user}", "--init-groups", "--", program, .. arguments])
            : (program, arguments);

    private protected static async Task<T> FillAsync<T>(T files, Func<T, Task> fill)
        where T : DatabaseFiles
    {
        try
        {
            await fill(files);
            return files;
        }
        catch
        {
            files.Dispose();
            throw;
        }
    }

    /// <summary>Runs one of the server's programs on the folder.</summary>
    private protected async Task RunAsUserAsync(string program, string[] arguments, CancellationToken cancellationToken)
    {
        if (Environment.UserName == "root")
        {
            await RunAsync("chown", ["-R", $"{_systemUser}:", Folder], cancellationToken);
        }

        (program, arguments) = AsUser(_systemUser, program, arguments);
        await RunAsync(program, arguments, cancellationToken);
    }

    private static async Task RunAsync(string program, IEnumerable<string> arguments, CancellationToken cancellationToken)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetTempPath(),
        })!;
        var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
        var errors = process.StandardError.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        if (process.ExitCode != 0)
        {
            throw new RunnerException($"{program} failed:\n{await output}{await errors}");
        }
    }
}
