using Relaybox.Testing;
using Relaybox.Testing.Http;

namespace Relaybox.EndToEnd.Tests.Packages;

/// <summary>What the build takes from package sources, and what it refuses.</summary>
public sealed class PackageRestoreTests
{
    [Theory]
    [InlineData("Sample.Direct", 0, "NU1901")]
    [InlineData("Sample.Direct", 1, "NU1902")]
    [InlineData("Sample.Direct", 2, "NU1903")]
    [InlineData("Sample.Indirect", 3, "NU1904")]
    public async Task A_package_with_a_known_vulnerability_stops_the_build(string vulnerable, int severity, string error)
    {
        await using var advisories = Advisories(vulnerable, severity);
        using var project = await RestoredProject.CreateAsync(["Sample.Direct"], $"{advisories.Url}/v3/index.json");
        await project.AddPackageAsync("mapped", "Sample.Direct", needs: "Sample.Indirect");
        await project.AddPackageAsync("mapped", "Sample.Indirect");

        var (code, output) = await project.RestoreAsync("--force-evaluate");

        Assert.NotEqual(0, code);
        Assert.Contains($"error {error}", output, StringComparison.Ordinal);
        Assert.Contains(vulnerable, output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_build_may_do_without_the_audit_and_says_so()
    {
        await using var advisories = Advisories("Sample.Direct", 3);
        using var project = await RestoredProject.CreateAsync(["Sample.Direct"], $"{advisories.Url}/v3/index.json");
        await project.AddPackageAsync("mapped", "Sample.Direct");

        var (code, output) = await project.RestoreAsync("--force-evaluate", "-p:SkipVulnerabilityAudit=true");

        Assert.True(code == 0, output);
        Assert.Contains("warning RELAYBOX001: SkipVulnerabilityAudit=true: nobody looks for known vulnerabilities", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_package_that_no_advisory_names_is_restored()
    {
        await using var advisories = Advisories("Sample.Other", 3);
        using var project = await RestoredProject.CreateAsync(["Sample.Direct"], $"{advisories.Url}/v3/index.json");
        await project.AddPackageAsync("mapped", "Sample.Direct");

        await project.LockAsync();

        Assert.Contains(advisories.Requests, request => request.Path.EndsWith("base.json", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_package_whose_content_has_changed_is_refused()
    {
        using var project = await RestoredProject.CreateAsync(["Sample.Direct"]);
        await project.AddPackageAsync("mapped", "Sample.Direct", content: "as reviewed");
        await project.LockAsync();
        Assert.Equal(0, (await project.RestoreAsync("--force")).Code);
        await project.AddPackageAsync("mapped", "Sample.Direct", content: "under the same version");

        var (code, output) = await project.RestoreAsync("--force");

        Assert.NotEqual(0, code);
        Assert.Contains("error NU1403", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_package_that_the_lock_file_does_not_know_is_refused()
    {
        using var project = await RestoredProject.CreateAsync(["Sample.Direct"]);
        await project.AddPackageAsync("mapped", "Sample.Direct");
        await project.LockAsync();
        await project.ReferAsync("Sample.Direct", "Sample.New");
        await project.AddPackageAsync("mapped", "Sample.New");

        var (code, output) = await project.RestoreAsync();

        Assert.NotEqual(0, code);
        Assert.Contains("error NU1004", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_package_comes_from_the_mapped_source_and_from_no_other()
    {
        using var project = await RestoredProject.CreateAsync(["Sample.Direct"]);
        await project.AddPackageAsync("other", "Sample.Direct");

        var (code, output) = await project.RestoreAsync("--force-evaluate");

        Assert.NotEqual(0, code);
        Assert.Contains("error NU1101", output, StringComparison.Ordinal);
        Assert.Contains("not considered: other", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_project_has_a_lock_file()
    {
        var projects = new[] { "src", "tests", "tools", "examples" }
            .SelectMany(folder => Directory.EnumerateFiles(RepositoryRoot.Combine(folder), "*.csproj", SearchOption.AllDirectories))
            .ToList();

        Assert.NotEmpty(projects);
        Assert.All(projects, project => Assert.True(File.Exists(Path.Combine(Path.GetDirectoryName(project)!, "packages.lock.json")), project));
    }

    // As nuget.org publishes its advisories.
    private static ScriptedServer Advisories(string package, int severity)
    {
        ScriptedServer? server = null;
        return server = new ScriptedServer(request => request.Path switch
        {
            "/v3/index.json" => HttpAnswer.Json(200, $$"""
                {"version":"3.0.0","resources":[{"@id":"{{server!.Url}}/v3/vulnerabilities.json","@type":"VulnerabilityInfo/6.7.0"}]}
                """),
            "/v3/vulnerabilities.json" => HttpAnswer.Json(200, $$"""
                [{"@name":"base","@id":"{{server!.Url}}/v3/base.json","@updated":"2026-01-01T00:00:00Z"}]
                """),
            "/v3/base.json" => HttpAnswer.Json(200, $$"""
                {"{{package.ToLowerInvariant()}}":[{"url":"https://example.com/advisory","severity":{{severity}},"versions":"[1.0.0]"}]}
                """),
            _ => HttpAnswer.Json(404, "{}"),
        });
    }
}
